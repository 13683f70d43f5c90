"""How the cells of a column are written: numbers, moments, yes and no, and what stands for a value that is not there."""
