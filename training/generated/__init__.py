"""Generated members: a shop of any size for benchmarks, drawn from a real one and marked as synthetic."""
