"""What evaluations found, and what it says about the data: pure functions over reports."""
