"""A rehearsed panic: the control side of its own exchange, and the command as the window's child."""
