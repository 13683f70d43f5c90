"""Whose history the row is part of: a card, a customer."""

from lifecycle.role import Role


class Entity(Role):
    """Whose history the row is part of: a card, a customer."""

    name = "entity"
    personal = True


role = Entity()
