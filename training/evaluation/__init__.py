"""How good the recommendations are, beside everything simpler, on later weeks and over the full catalogue."""
