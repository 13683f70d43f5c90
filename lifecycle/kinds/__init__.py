"""One file a kind of problem: `kind` in it is found by `lifecycle.kind`, which says what a kind answers for."""
