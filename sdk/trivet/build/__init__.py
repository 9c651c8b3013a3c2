"""From features and an estimator to a packed model; the only room with onnx and scikit-learn."""

from trivet.errors import GraphError


def missing(library: str) -> GraphError:
    """What to raise when a library of the ``train`` extra cannot be imported."""
    return GraphError(f"building a model needs {library}", hint="pip install 'trivet[train]'")
