"""Strategies: the contract of Python classes, and the model of `.kis.yaml` files."""
