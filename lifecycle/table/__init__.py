"""The rows of a use case from batch to part: typed, loaded, kept out, released, thinned, divided. It knows no estimator and no metric."""
