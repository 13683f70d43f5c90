"""What is predicted."""

from lifecycle.role import Role


class Target(Role):
    """What is predicted."""

    name = "target"
    meaning = "what is predicted"
    single = True
    outcome = True
    requested = False
    personal = True


role = Target()
