import datetime as dt

import numpy as np

from lifecycle.draft.draft_warning import DraftWarning
from tests.lifecycle.draft.conftest import ROWS, Drafted, code, roles, table

RANDOM = np.random.default_rng(8)
TRUTH = table()["y"] == "yes"


def said(warnings: list[DraftWarning], word: str) -> list[str]:
    return [warning.text for warning in warnings if warning.text.startswith(word)]


def test_a_copy_of_the_target_with_noise_is_left_out_and_named(drafted: Drafted) -> None:
    made = drafted(
        table(
            copy=TRUTH + RANDOM.normal(size=ROWS) * 0.2,
            flag=np.where(RANDOM.random(ROWS) < 0.03, ~TRUTH, TRUTH),
            refunded_at=[dt.date(2024, 1, 1) + dt.timedelta(days=i % 90) if yes else None for i, yes in enumerate(TRUTH)],
        )
    )
    for name in ("copy", "flag", "refunded_at"):
        assert roles(made)[name] == ("ignored",)
        assert any(name in warning for warning in said(made.warnings, "leakage:")), name
    assert "where it is missing alone" in next(warning.text for warning in made.warnings if warning.columns == ("refunded_at",))
    assert roles(made)["first"] == ("feature",)
    use_case = code(made)[0]
    assert '"copy"' not in use_case.split("return rows.select")[1]
    assert 'to put them back: "copy", "flag", refunded_at_days=pl.col("refunded_at")' in use_case


def test_a_noisier_copy_is_left_out_where_it_is_far_ahead_and_warned_of_in_doubt(drafted: Drafted) -> None:
    far = drafted(table(copy=np.where(np.arange(ROWS) % 14 == 0, ~TRUTH, TRUTH)))
    assert any("copy" in warning for warning in said(far.warnings, "leakage:"))
    assert roles(far)["copy"] == ("ignored",)
    near = drafted(table(copy=np.where(np.arange(ROWS) % 12 == 0, ~TRUTH, TRUTH), second=TRUTH + RANDOM.normal(size=ROWS) * 0.75))
    assert any("copy" in warning for warning in said(near.warnings, "leakage?"))
    assert roles(near)["copy"] == ("feature",)


def test_a_copy_of_a_number_with_noise_is_left_out(drafted: Drafted) -> None:
    number = np.asarray(table()["first"]) * 3 + RANDOM.normal(size=ROWS)
    made = drafted(table(y=number, copy=number + RANDOM.normal(size=ROWS) * 0.2, half=number + RANDOM.normal(size=ROWS) * 3))
    assert roles(made)["copy"] == ("ignored",)
    assert roles(made)["half"] == ("feature",)


def test_what_by_its_name_is_known_too_late_is_no_trouble_where_it_tells_nothing(drafted: Drafted) -> None:
    made = drafted(table(duration=RANDOM.gamma(2, 100, ROWS).round(), y_reason=RANDOM.choice(["p", "q"], ROWS)))
    assert not said(made.warnings, "leakage")
    assert roles(made)["duration"] == roles(made)["y_reason"] == ("feature",)


def test_honest_columns_are_no_leak(drafted: Drafted) -> None:
    assert not said(drafted(table()).warnings, "leakage")


def test_duplicates_that_a_random_split_would_part_are_counted(drafted: Drafted) -> None:
    twice = {name: list(values)[:800] + list(values)[:200] for name, values in table().items()}
    keyed = drafted({"id": range(ROWS), **twice})
    assert any("200 of 1,000 rows (20.0%)" in warning.text and "both sides" in warning.text for warning in keyed.warnings)
    bare = drafted(twice)
    assert any("kept on one side" in warning for warning in said(bare.warnings, "duplicates"))


def test_a_target_that_moves_with_time_is_said(drafted: Drafted) -> None:
    at = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=i) for i in range(ROWS)]
    moving = drafted(table(at=at, y=(RANDOM.random(ROWS) < np.linspace(0.1, 0.6, ROWS)).astype(int)))
    assert said(moving.warnings, "the target moves")
    assert not said(drafted(table(at=at)).warnings, "the target moves")


def test_rare_classes_few_rows_and_missing_targets_are_said(drafted: Drafted) -> None:
    rare = drafted(table(y=[1 if i % 100 == 7 else 0 for i in range(ROWS)]))
    assert said(rare.warnings, "rare class: 10 of 1,000 rows (1.00%) are 1")
    assert rare.question.metric == "average_precision"
    assert said(rare.warnings, "few rows")
    classes = drafted(table(y=["odd" if i % 90 == 0 else ["low", "high", "mid"][i % 3] for i in range(ROWS)]))
    assert said(classes.warnings, "rare classes: odd (12)")
    some = drafted(table(y=[None if i % 4 == 0 else value for i, value in enumerate(table()["y"])]))
    assert any("250 of 1,000 rows have no y" in warning.text for warning in some.warnings)


def test_a_target_in_several_spellings_is_written_in_one(drafted: Drafted) -> None:
    made = drafted(table(y=[[">50K", ">50K."][i % 2] if yes else ["<=50K", "<=50K.", "<= 50k"][i % 3] for i, yes in enumerate(TRUTH)]))
    assert made.question.problem == "binary"
    assert "are written in one way" in code(made)[0]
    dots = drafted(table(y=[[">50K", ">50K."][i % 2] if yes else ["<=50K", "<=50K."][i % 2] for i, yes in enumerate(TRUTH)]))
    assert {value for value, _ in dots.question.classes} == {">50K", "<=50K"}
    assert dots.question.positive == ">50K"


def test_what_leaving_out_a_sensitive_column_means_is_said(drafted: Drafted) -> None:
    made = drafted(table(sex=["male", "female"] * (ROWS // 2), age=[i % 70 + 18 for i in range(ROWS)]))
    assert any(warning.text.startswith("sex: no input") for warning in made.warnings)
    assert any(warning.text.startswith("age: an input") for warning in made.warnings)
