"""Strategy files on disk: `.kis.yaml` read and written, Python files behind a lock."""
