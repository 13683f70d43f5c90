"""Identifies a row: a row that comes again under its key is the same row."""

from lifecycle.role import Role


class Key(Role):
    """Identifies a row: a row that comes again under its key is the same row."""

    name = "key"
    reads = "identifies the row"
    single = True
    personal = True


role = Key()
