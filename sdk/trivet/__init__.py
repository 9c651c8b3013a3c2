"""Trivet stands between kitchen appliances and the models that judge them."""

__version__ = "0.1.0"

_EXPORTS = {
    "Model": "trivet.runtime.model",
    "Predictions": "trivet.runtime.model",
    "Windows": "trivet.window.windows",
    "TrivetError": "trivet.errors",
    "Finding": "trivet.errors",
    "parse": "trivet.interface.parse",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, so that ``import trivet`` costs nothing."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'trivet' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_EXPORTS[name]), name)
