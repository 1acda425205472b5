"""Futures and options on the KOSPI 200: contracts, prices, and the calls and streams about them."""
