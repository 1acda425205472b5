"""Bars through the cache: memory, store, broker; fetches of many series; what is kept of which symbol."""
