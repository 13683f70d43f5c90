"""Identifies a row: a row that comes again under its key is the same row."""

from lifecycle.role import Role


class Key(Role):
    """Identifies a row: a row that comes again under its key is the same row."""

    name = "key"
    meaning = "identifies a row"
    single = True
    personal = True


role = Key()
