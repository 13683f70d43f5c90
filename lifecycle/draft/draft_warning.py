"""One thing that can make a model of these rows lie, as `lifecycle new` says it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DraftWarning:
    """What a reader of a draft must know before they believe its numbers.

    Attributes:
        kind: what sort of trap it is, in one or a few words joined by `-`: `leak`, `order`, `near-unique`, ...; scripts ask for it.
        columns: the columns that it is about, as the schema names them; empty where it is about the rows.
        text: the sentence for a person.
    """

    kind: str
    columns: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text
