"""What a person is: compared for fairness; an input only where `features()` says so."""

from typing import TYPE_CHECKING

from lifecycle.role import Role

if TYPE_CHECKING:
    from lifecycle.draft.columns import ColumnProfile


class Sensitive(Role):
    """What a person is: compared for fairness; an input only where `features()` says so."""

    name = "sensitive"
    reads = "compared for fairness"
    place = 1

    def drafted(self, column: "ColumnProfile") -> str:
        """Whether it tells the sex, race, religion, ... of a person, by its name or its values."""
        from lifecycle.draft import vocabulary
        from lifecycle.draft.names import words

        named = bool(words(column.came) & vocabulary.PROTECTED) and (column.type == "str" or column.distinct <= 12)
        values = {str(value).strip().lower() for value, _ in column.tops}
        told = column.type == "str" and 2 <= column.distinct <= 8 and values != {"m", "other"}
        told = told and any(values <= known and len(values & known) >= 2 for known in vocabulary.PROTECTED_VALUES)
        return "says what a person is: compared for fairness, and no input of the model" if named or told else ""


role = Sensitive()
