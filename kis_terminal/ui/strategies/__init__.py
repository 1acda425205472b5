"""Parts of the strategies panel."""
