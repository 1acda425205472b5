"""Bars out of foreign files: what columns are, what is repaired, what is refused. Text in, columns out."""
