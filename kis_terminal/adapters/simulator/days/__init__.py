"""What happens to the market as a whole: the day's phases, circuit breakers, changes overnight."""
