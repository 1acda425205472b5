"""The editor of strategy files; imported when it is first opened."""
