"""The state of all models and the story of one, read from the lake and the registry."""
