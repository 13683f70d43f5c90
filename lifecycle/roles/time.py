"""When the row happened: windows look back from it, and splits go along it."""

from lifecycle.role import Role


class Time(Role):
    """When the row happened: windows look back from it, and splits go along it."""

    name = "time"
    reads = "when it happened"
    single = True


role = Time()
