"""Bars in files of other programs and of our own: CSV (also gz) and Parquet."""

from kis_terminal.adapters.bar_files.reading import read_bar_files

__all__ = ["read_bar_files"]
