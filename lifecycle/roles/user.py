"""Who chose: whose events together say what that person likes."""

from lifecycle.roles.event_id import EventId


class User(EventId):
    """Who chose. A user is an entity too: the events of one user are no independent witnesses, and the split by user goes along them."""

    name = "user"
    personal = True
    also = ("entity",)


role = User()
