"""From features and an estimator to a packed model; the only room with onnx and scikit-learn."""
