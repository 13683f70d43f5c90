"""Identifies a row: a row that comes again under its key is the same row."""

from lifecycle.role import Role


class Key(Role):
    """Identifies a row: a row that comes again under its key is the same row."""

    name = "key"
    single = True
    personal = True


role = Key()
