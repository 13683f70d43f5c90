"""Rows of one group must not cross the split."""

from lifecycle.role import Role


class Group(Role):
    """Rows of one group must not cross the split."""

    name = "group"
    personal = True


role = Group()
