"""When the truth became known."""

from lifecycle.role import Role


class LabelTime(Role):
    """When the truth became known."""

    name = "label_time"
    reads = "when the truth became known"
    single = True
    outcome = True
    requested = False
    personal = True


role = LabelTime()
