"""The cooking reference model: simulated ovens and pots to a package that says when an appliance is ready."""
