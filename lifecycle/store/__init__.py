"""Where things are kept: the lake, the PostgreSQL behind it, MLflow and its models. Of a use case it knows the name."""
