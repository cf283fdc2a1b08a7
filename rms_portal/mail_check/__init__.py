"""Whether mail can be sent, and what its domain says to whoever receives it."""
