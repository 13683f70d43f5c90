"""What is predicted."""

from lifecycle.role import Role


class Target(Role):
    """What is predicted."""

    name = "target"
    single = True
    outcome = True
    requested = False
    personal = True


role = Target()
