"""Sources as rows: what a file, a database or an address holds, as the table that collect reads. It knows no stage and no model."""
