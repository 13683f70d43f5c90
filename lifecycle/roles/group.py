"""Rows of one group must not cross the split."""

from lifecycle.role import Role


class Group(Role):
    """Rows of one group must not cross the split."""

    name = "group"
    meaning = "must not cross the split"
    personal = True


role = Group()
