"""One file a role of a column: `role` in it is found by `lifecycle.role`, which says what a role answers for."""
