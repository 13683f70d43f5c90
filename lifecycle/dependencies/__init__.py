"""What the answer of a stage depends on: the code, what it reads of the definition, and the clock."""
