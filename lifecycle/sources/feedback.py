"""What clients have told of users over HTTP, as rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.source import PLAIN, Incremental, Source

if TYPE_CHECKING:
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader


@dataclass(frozen=True)
class Feedback(Source):
    """The events in the lake's table `labels` of a use case. What else a row has is taken from the newest row of its item.

    Attributes:
        use_case: its name.
        columns: of the schema, by what they are called in an event: user, item, rating, time.
        others: the other columns of the schema.
        key: the column with the role `key`, which is made of the event.
    """

    use_case: str
    columns: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()
    key: str = ""
    select: str = PLAIN
    incremental: Incremental | None = None

    def place(self) -> str:
        return "feedback"

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import level
        from lifecycle.reading.increments import NothingNew
        from lifecycle.store.lake import literal, quoted

        if not reader.cursor.execute(f"SELECT count(*) FROM {self.use_case}.labels").fetchall()[0][0]:
            raise NothingNew
        cells = [f"json_extract_string(target, {literal(f'$.{name}')}) AS {quoted(column)}" for name, column in self.columns]
        named = dict(self.columns)
        item = quoted(named["item"])
        table = f"SELECT DISTINCT {', '.join(cells)}{f', md5(target) AS {quoted(self.key)}' if self.key else ''} FROM {self.use_case}.labels"
        if self.others:
            last = ", ".join(f"arg_max({quoted(name)}, _batch)::VARCHAR AS {quoted(name)}" for name in self.others)
            known = f"SELECT {item}::VARCHAR AS {item}, {last} FROM {self.use_case}.raw GROUP BY 1"
            table = f"SELECT * FROM ({table}) LEFT JOIN ({known}) USING ({item})"
        return level.leveled(reader.cursor, table)
