import datetime as dt

import numpy as np
import polars as pl
import pytest

from lifecycle import extras
from lifecycle.draft.draft import Options, draft
from lifecycle.draft.names import identifiers
from lifecycle.errors import LifecycleError
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, roles, table

HOURS = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=i) for i in range(ROWS)]


def test_the_roles_of_a_usual_table_are_found_and_said(drafted: Drafted) -> None:
    made = drafted(
        table(
            order_id=[f"o{i:x}" for i in range(ROWS)],
            customer_id=[i % 150 for i in range(ROWS)],
            ordered_at=HOURS,
            Gender=["f", "m"] * (ROWS // 2),
            note=[f"please leave parcel number {i} at the door" for i in range(ROWS)],
            always=["same"] * ROWS,
            never=[None] * ROWS,
            token=[f"{i * 7919 % 10007:x} {i}" for i in range(ROWS)],
        )
    )
    found = roles(made)
    assert found["order_id"] == ("key",)
    assert found["customer_id"] == ("entity",)
    assert found["ordered_at"] == ("time",)
    assert found["Gender"] == ("sensitive",)
    assert found["note"] == ("text",)
    assert found["always"] == found["never"] == found["token"] == ("ignored",)
    assert found["first"] == ("feature",)
    assert made.choices.split == "TimeSplit"
    use_case, schema = code(made)
    assert "split=TimeSplit()" in use_case
    assert ('read_as(linear(), "words", "sentences")' in use_case) == extras.installed("text")
    assert '"Gender"' not in use_case.split("def features")[1]
    assert "left out: it always says the same" in schema


def test_rows_of_one_patient_are_never_on_both_sides(drafted: Drafted) -> None:
    made = drafted(table(patient=[i % 200 for i in range(ROWS)]))
    assert roles(made)["patient"] == ("group",)
    assert "split=GroupSplit()" in code(made)[0]


def test_the_split_of_a_publisher_is_kept(drafted: Drafted) -> None:
    made = drafted(table(part=["train", "train", "test", "train"] * (ROWS // 4)))
    assert roles(made)["part"] == ("split",)
    assert "split=ColumnSplit()" in code(made)[0]


def test_counted_seconds_are_a_time(drafted: Drafted) -> None:
    made = drafted(table(Time=(np.arange(ROWS) * 170.0)))
    assert roles(made)["Time"] == ("time",)
    assert made.table["Time"].type == "datetime"
    assert "seconds since the first row" in code(made)[1]
    short = drafted(table(time=np.arange(ROWS) % 285))
    assert roles(short)["time"] == ("feature",), "days of a follow-up are no clock"


def test_a_time_before_1900_is_not_checked_away(drafted: Drafted) -> None:
    made = drafted(table(born_when=[dt.date(1700, 1, 1) + dt.timedelta(days=i) for i in range(ROWS)]))
    assert roles(made)["born_when"] == ("feature",)
    made = drafted(table(event=[dt.date(1700, 1, 1) + dt.timedelta(days=i) for i in range(ROWS)]))
    assert 'event: dt.date = column("time")' in code(made)[1]


def test_what_the_caller_says_overrules_what_is_guessed(drafted: Drafted) -> None:
    columns = table(
        order_id=[f"o{i}" for i in range(ROWS)], other=[f"x{i}" for i in range(ROWS)], at=HOURS, seen=HOURS[::-1], shop=["s", "t"] * (ROWS // 2)
    )
    made = drafted(columns, key="other", time="seen", group="shop", text=("kind",), problem="multiclass")
    found = roles(made)
    assert found["other"] == ("key",)
    assert found["seen"] == ("time",)
    assert found["shop"] == ("group",)
    assert found["kind"] == ("text",)
    assert made.question.problem == "multiclass"


def test_without_a_target_rows_are_clustered(drafted: Drafted) -> None:
    made = drafted(table(), target="", problem="clustering")
    use_case, schema = code(made)
    assert 'problem="clustering"' in use_case
    assert '"target"' not in schema


def test_a_table_that_is_sorted_by_nothing_but_its_name_keeps_every_column(drafted: Drafted) -> None:
    names = ["größe", "Возраст", "月", "a b", "a.b", "A_B", "class", "int", "validate", "_x", "2nd", "%", "Config"]
    made = drafted(table(**{name: np.random.default_rng(i).normal(size=ROWS) for i, name in enumerate(names)}))
    assert len({column.name.lower() for column in made.table.columns}) == len(names) + 4
    assert all(column.name.isidentifier() for column in made.table.columns)
    assert [column.came for column in made.table.columns if column.came in names] == names
    assert "named 'a b'" in code(made)[1]


def test_a_name_in_another_script_is_written_in_latin_letters_where_it_cannot_stay() -> None:
    spelled = {
        "объём, шт.": "obem_sht", "Θεσσαλονίκη (€)": "thessaloniki", "مبلغ": "mblgh", "Łódź ø": "lodz_o", "収入 (円)": "収入_円", "매출 (원)": "매출_원",
        "client\u2019s cafe\u0301": "client_s_cafe", "a\u202eb": "a_b", "😀": "column_",
    }  # fmt: skip
    assert identifiers(spelled) == spelled


@pytest.mark.parametrize(
    ("target", "wishes", "says"),
    [
        ("Y", {}, "did you mean 'y'?"),
        ("kidn", {}, "did you mean 'kind'?"),
        ("", {}, "--target; there are first, second, kind, y"),
        ("y", {"key": "nope"}, "--key names the column 'nope'"),
        ("y", {"time": "kind"}, "--time needs a column of times, 'kind' holds texts such as"),
        ("y", {"problem": "sorting"}, "--problem is one of binary"),
        ("y", {"problem": "clustering"}, "a clustering has no target"),
        ("y", {"key": "y"}, "which is the target already"),
        ("y", {"key": "second", "group": "second"}, "rows have no 'second' of their own"),
        ("y", {"text": ("first",)}, "--text needs a column of texts"),
        ("kind", {"problem": "regression"}, "a regression needs a number as target"),
        ("first", {"problem": "binary"}, "a binary problem needs a target of two values"),
    ],
)
def test_a_wrong_wish_is_one_sentence(drafted: Drafted, target: str, wishes: dict[str, str], says: str) -> None:
    with pytest.raises(LifecycleError, match=says.replace("?", r"\?")) as raised:
        drafted(table(), target=target, **wishes)
    assert "\n" not in str(raised.value)


def test_a_table_that_teaches_nothing_is_refused(drafted: Drafted) -> None:
    few = {name: list(values)[:50] for name, values in table().items()}
    for columns, says in [
        (few, "too few to learn from"),
        (table(y=["x"] * ROWS), "has the value 'x' alone"),
        (table(y=[f"v{i}" for i in range(ROWS)]), "as classes at most 100 can be learned"),
        ({"y": table()["y"]}, "no column is left"),
        (table(y=["Yes", " yes"] * (ROWS // 2)), "has the value"),
    ]:
        with pytest.raises(LifecycleError, match=says):
            drafted(columns)


def test_a_file_without_a_header_line_has_the_names_that_the_message_lists(tmp_path) -> None:
    file = tmp_path / "bare.csv"
    pl.DataFrame(table()).write_csv(file, include_header=False)
    with pytest.raises(LifecycleError, match="has no header line") as raised:
        draft("drafted", str(file), Options(target="y"))
    assert "column3: " in str(raised.value)
    made = draft("drafted", str(file), Options(target="column3"))
    assert made.question.problem == "binary"
    assert 'HEADER = ("column0", "column1", "column2", "column3")' in code(made)[0]
    assert "header=HEADER" in code(made)[0]
