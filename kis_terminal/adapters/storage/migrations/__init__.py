"""Alembic scripts of the bar store; they travel with the package and run when the store is opened."""
