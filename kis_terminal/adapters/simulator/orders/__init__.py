"""Accounts and their orders: taken, worked, booked, and written into the ledger."""
