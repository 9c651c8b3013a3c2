"""A verified package, one ONNX session, the guard and the decision; synchronous, no device in reach."""
