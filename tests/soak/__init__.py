"""Tests that take minutes; `make soak` runs them."""
