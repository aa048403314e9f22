"""Reports over what was recommended and what came of it."""
