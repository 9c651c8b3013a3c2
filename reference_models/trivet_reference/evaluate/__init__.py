"""Evaluations of the reference packages over the path that ``trivet run`` uses.

``python -m trivet_reference.evaluate`` prints them all. Figures on simulated plants are
labelled so; recorded data are read from ``TRIVET_DATA``.
"""
