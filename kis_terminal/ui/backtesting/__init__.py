"""The inside of the backtest panel; imported when the panel is first shown, since numpy comes with it."""
