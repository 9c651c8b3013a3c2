"""Interfaces, profiles and JSON Schemas that ship with trivet; no code.

``importlib.resources.files("trivet_schemas")`` finds them.
"""
