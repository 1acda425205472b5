"""The parts of build_catalog.py: what was decided, and how each part of a row is joined."""
