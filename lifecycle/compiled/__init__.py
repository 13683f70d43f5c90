"""Models as ONNX graphs, let in where they say what the pipeline says. It reads fitted models and MLflow, and no rows of the lake."""
