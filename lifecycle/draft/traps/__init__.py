"""What makes a model of a table lie: each kind is found, said, and acted upon, by one module."""
