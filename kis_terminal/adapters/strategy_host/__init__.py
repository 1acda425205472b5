"""The processes that strategies of the market run in, one each."""
