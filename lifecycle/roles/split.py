"""The part of the data that a row was given to by its publisher."""

from lifecycle.role import Role


class Split(Role):
    """The part of the data that a row was given to by its publisher."""

    name = "split"
    single = True
    requested = False


role = Split()
