"""What was chosen."""

from lifecycle.roles.event_id import EventId


class Item(EventId):
    """What was chosen: a film, an article, a product."""

    name = "item"


role = Item()
