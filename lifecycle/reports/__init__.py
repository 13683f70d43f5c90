"""What a person sees of a model: its pictures and its card. It judges nothing."""
