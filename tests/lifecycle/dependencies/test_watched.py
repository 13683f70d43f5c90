"""A watched definition is the definition, and nothing that is read of it stays unnoticed."""

import dataclasses
import datetime as dt
import pickle
import threading
from typing import Any

import cloudpickle
import pytest

from lifecycle.dependencies.watched import Remembered, holds_until, note, notes, readable, watched
from lifecycle.usecase import UseCase
from tests.toys import toy

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_it_is_a_use_case_with_the_same_values_and_notes_what_is_read() -> None:
    plain = toy("seen")
    seen = watched(plain)
    assert isinstance(seen, UseCase)
    assert notes(seen).read == set()
    assert (seen.name, seen.features, seen.seed) == (plain.name, plain.features, plain.seed)
    assert notes(seen).read == {"name", "features", "seed"}


def test_what_a_property_reads_is_noted_beside_it() -> None:
    seen = watched(toy("seen"))
    assert seen.target == "bought"
    assert notes(seen).read == {"target", "columns", "schema"}
    assert str(seen.wrong("no good")).startswith("use case 'seen': no good")
    assert {"wrong", "name"} <= notes(seen).read


def test_what_another_thread_reads_is_noted() -> None:
    seen = watched(toy("seen"))
    thread = threading.Thread(target=lambda: seen.split)
    thread.start()
    thread.join()
    assert notes(seen).read == {"split"}


@pytest.mark.parametrize("look", [repr, dataclasses.asdict, lambda seen: dataclasses.replace(seen, seed=1)], ids=["repr", "asdict", "replace"])
def test_who_looks_at_all_fields_has_read_them_all(look: Any) -> None:
    seen = watched(toy("seen"))
    look(seen)
    assert {field.name for field in dataclasses.fields(UseCase)} - {"seed"} <= notes(seen).read


def test_what_leaves_the_process_is_read_whole_and_is_the_plain_definition_there() -> None:
    seen = watched(toy("seen"))
    there = pickle.loads(cloudpickle.dumps(seen))
    assert type(there) is UseCase
    assert (there.name, there.seed, there.columns) == ("seen", toy("seen").seed, toy("seen").columns)
    assert notes(seen).read == readable(UseCase)


def test_nothing_is_noted_of_a_definition_that_nobody_watches() -> None:
    plain = toy("seen")
    note(plain, ["seed"])
    holds_until(plain, NOW)
    assert notes(plain).read == set()
    assert notes(plain).until is None


def test_an_answer_holds_until_the_first_of_the_moments_at_which_it_can_change() -> None:
    seen = watched(toy("seen"))
    for moment in (NOW + dt.timedelta(hours=2), None, (NOW + dt.timedelta(hours=1)).replace(tzinfo=None), NOW + dt.timedelta(hours=3)):
        holds_until(seen, moment)
    assert notes(seen).until == NOW + dt.timedelta(hours=1)


def test_what_is_remembered_counts_as_read_and_is_made_anew_for_another_definition() -> None:
    memory, made = Remembered(), []

    def make(seen: UseCase) -> str:
        made.append(seen.name)
        return f"{seen.positive} of {seen.target}"

    first, second = watched(toy("seen")), watched(toy("seen", title="another"))
    assert memory.get(first, make) == memory.get(second, make) == "True of bought"
    assert notes(first).read == notes(second).read == {"name", "positive", "target", "columns", "schema"}
    assert memory.get(toy("seen", positive=False), make) == "False of bought"
    assert len(made) == 2
