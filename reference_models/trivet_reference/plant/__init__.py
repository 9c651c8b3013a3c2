"""Physics of simulated appliances, in one-second steps, for many machines at once.

Arrays are float64 ``(machines,)`` unless a docstring says otherwise. Units are SI with
degC, litre and bar, and stand in brackets where a quantity is introduced.
"""
