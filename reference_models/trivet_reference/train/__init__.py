"""Training of the reference models on simulated plants; ``python -m trivet_reference.train`` runs it."""
