"""What a model meets after its training: profiles, drift and its limits, live performance. It trains and promotes nothing."""
