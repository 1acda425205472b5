"""Backtests: signals, fills, figures, sweeps, and the workers that run them."""
