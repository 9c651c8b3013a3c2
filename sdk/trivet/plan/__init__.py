"""A kitchen's schedule out of predictions: off, setback, hold or preheat, below a power limit. Pure."""
