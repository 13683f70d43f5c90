"""The whole way as a user runs it: a champion that the world turns against is rolled back by the next look at it, and the world is told."""

import polars as pl
import pytest

from tests.flows.conftest import Place
from tests.toys import visits

pytestmark = pytest.mark.system


def days(*worlds: tuple[int, float]) -> pl.DataFrame:
    """Visits of worlds that follow each other: how many, and what the inputs mean there."""
    frames, first = [], 0
    for seed, (rows, signal) in enumerate(worlds, 1):
        frames.append(visits(rows, seed=seed, signal=signal).with_columns(pl.col("visit") + first))
        first += rows
    return pl.concat(frames)


def test_a_champion_whose_world_is_over_is_rolled_back_and_serves_no_more(place: Place) -> None:
    place.write_rows(days((3_000, 2.0)))
    assert place.run()["promoted"] is True
    place.write_rows(days((3_000, 2.0), (9_000, -3.0)))
    second = place.run()
    assert (second["model_version"], second["promoted"]) == (2, True), second["reason"]
    assert second["watch"]["rolled_back"] is False
    place.write_rows(days((3_000, 2.0), (9_000, -3.0), (1_200, 2.0)))
    place.end(place.start("ingest", "one", "--json"))
    looked = place.end(place.start("monitor", "one", "--json"))
    assert (looked["watch"]["version"], looked["watch"]["previous"], looked["watch"]["rolled_back"]) == (2, 1, True), looked
    assert looked["watch"]["reason"].startswith("version 1 is champion again: version 2 does worse than version 1 before it: roc_auc -0.")
    history = place.end(place.start("history", "one", "--json"))
    assert (history["champion"], history["decisions"][-1]["action"], history["decisions"][-1]["actor"]) == (1, "rolled back", "the watch")
    told = "SELECT count(*) AS n FROM one.promotions JOIN one.alarms_told ON raised_at = decided_at WHERE action = 'rolled back'"
    assert place.ask(told)[0]["n"] == 1, "the event is told once"
    assert place.end(place.start("score", "one", "--json"))["model_version"] == 1
    again = place.end(place.start("train", "one", "--json"))
    assert again["promoted"] is False or again["model_version"] > 2, "what was rolled back is not promoted by itself again"
