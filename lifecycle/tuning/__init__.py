"""The search for a recipe: trials, the best of them beside each other, the plainest that is as good. It never sees the gate's rows."""
