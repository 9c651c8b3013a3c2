"""Readings to frames on one clock, frames to model windows, for many devices at once."""
