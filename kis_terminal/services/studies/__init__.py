"""Indicators and candle patterns over columns of bars, by TA-Lib where it has them."""
