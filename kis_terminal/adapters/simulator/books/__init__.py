"""One symbol's market: its book, auctions, tape, and the other traders in it."""
