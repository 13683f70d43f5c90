"""What was read, as pages: HTML and SVG made here, whole in one file or from the service."""
