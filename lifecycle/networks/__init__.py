"""Neural networks: laid out, trained with Keras, and from then on run as ONNX graphs, for which no Keras is needed."""
