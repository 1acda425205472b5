"""What happens inside a strategy's own process: its bars, its context, its answers. Never in the window's."""
