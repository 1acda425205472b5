"""Well-formed answers and frames of what is not played."""
