"""What lies behind the moment: made-up histories, imported bars, minutes, recorded days to play."""
