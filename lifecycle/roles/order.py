"""Where the row stands among rows that follow each other, in a file without a time."""

from typing import Any

from lifecycle.role import Role


class Order(Role):
    """Where the row stands among rows that follow each other, in a file without a time: a number, the later the larger.

    The source has it (a week, a sequence), or has it not: then the column is `nullable`, and a row is given the next place when it
    comes in for the first time.
    """

    name = "order"
    single = True
    given = True
    optional = True
    personal = True

    def refuses(self, dtype: Any) -> str:
        """Only a whole number is a place."""
        return "" if dtype.is_integer() else "the type int"


role = Order()
