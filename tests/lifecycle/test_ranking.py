"""Recommendations: what is learnt of events, what is shown, and how that is judged."""

from typing import Any

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest

from lifecycle import UseCase, UserTimeSplit, als, ease, hybrid, neighbours, popularity
from lifecycle.candidates import Candidate
from lifecycle.dataset import Rows
from lifecycle.errors import DefinitionError
from lifecycle.evaluation.metrics import compute
from lifecycle.fit import fit_estimator
from lifecycle.kinds.ranking import Ranking
from lifecycle.models.answers import answers
from lifecycle.models.ease import Ease
from lifecycle.models.interactions import LIKED, MANY, SEEN
from lifecycle.prediction_log import feedback
from lifecycle.prediction_log.labels import Refused
from lifecycle.references import Recipe
from lifecycle.splits.user_time_split import UserTimeBoundaries
from lifecycle.usecase import Tuning
from schemas.recommendation import Event
from schemas.roles import column
from usecases._taste_simulator import simulate
from usecases.recommendation import use_case

FAMILIES = [popularity(), neighbours(), ease(), hybrid(), als()]
NOBODY: Any = None
EVENTS = pl.concat(list(simulate(4_000, users=120, items=150, days=30)))


def judged(events: pl.DataFrame) -> Rows:
    info = events.with_columns(_key=pl.int_range(events.height).cast(pl.String), _time=pl.col("time"))
    return use_case.kind.placed(use_case, Rows(events.select("user", "item", "rating", "genres"), np.zeros(events.height), info), NOBODY)


def fitted(family: Candidate, events: pl.DataFrame) -> Any:
    if family.extra:
        pytest.importorskip("implicit")
    from lifecycle.models.blueprint import blueprint

    rows = judged(events)
    unfitted: Any = family.build(blueprint(use_case, rows.X), dict(family.defaults))
    return unfitted.fit(rows.X, rows.y)


def asked(users: list[str], items: list[list[str] | None], k: int = 10) -> pl.DataFrame:
    lists = pl.Series(items, dtype=pl.List(pl.String))
    return pl.DataFrame({"user": pl.Series(users, dtype=pl.String), LIKED: lists, SEEN: lists, MANY: [k] * len(users)})


def shown(said: pl.DataFrame) -> list[list[str]]:
    return [[each["item"] for each in row] for row in said["items"].to_list()]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
def test_nothing_is_shown_that_a_user_had_and_no_item_twice(family: Candidate) -> None:
    model = fitted(family, EVENTS)
    had = {user: set(items) for user, items in EVENTS.group_by("user").agg("item").iter_rows()}
    users = [*had, "nobody"]
    for user, items in zip(users, shown(answers(model, asked(users, [None] * len(users)))), strict=True):
        assert len(items) == len(set(items)) == 10
        assert not set(items) & had.get(user, set())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda each: each.name)
def test_an_answer_does_not_depend_on_who_is_asked_beside_nor_on_whether_the_history_is_given(family: Candidate) -> None:
    model = fitted(family, EVENTS)
    users = EVENTS["user"].unique().sort().to_list()
    together = answers(model, asked(users, [None] * len(users)))
    alone = pl.concat([answers(model, asked([user], [None])) for user in users])
    assert together.equals(alone)
    liked = EVENTS.filter(pl.col("rating") >= 4)
    lists = [[events.filter(pl.col("user") == user)["item"].to_list() for user in users] for events in (liked, EVENTS)]
    given = asked(users, [None] * len(users)).with_columns(*(pl.Series(name, each) for name, each in zip((LIKED, SEEN), lists, strict=True)))
    assert answers(model, given).equals(together)


def test_ease_is_its_closed_form() -> None:
    model: Any = fitted(ease(), EVENTS)
    X = model.known_.liked.toarray().astype(np.float64)
    inverse = np.linalg.inv(X.T @ X + 200.0 * np.eye(X.shape[1]))
    wanted = inverse / -np.diag(inverse)
    np.fill_diagonal(wanted, 0)
    learnt = model.learnt_
    assert model.weights_ == pytest.approx(wanted[np.ix_(learnt, learnt)], abs=1e-5)


def test_of_a_catalogue_that_is_too_large_the_most_popular_items_are_learnt_and_the_others_still_shown() -> None:
    rows = judged(EVENTS)
    model: Any = Ease("user", "item", most=40).fit(rows.X, rows.y)
    assert model.weights_.shape == (40, 40)
    assert min(model.popular_[model.learnt_]) >= max(np.delete(model.popular_, model.learnt_))
    assert len(shown(answers(model, asked(["nobody"], [None], k=100)))[0]) == 100


def test_a_list_is_no_longer_than_what_there_is() -> None:
    few = EVENTS.filter(pl.col("item").is_in(EVENTS["item"].unique().sort().head(6).implode()))
    assert all(len(items) <= 6 for items in shown(answers(fitted(ease(), few), asked(["nobody", few["user"][0]], [None, None]))))


def test_a_new_event_moves_the_answer_and_a_reason_is_an_item_that_was_liked() -> None:
    model: Any = fitted(ease(), EVENTS)
    liked = EVENTS.filter(pl.col("rating") == 5)["item"].unique().sort().to_list()
    before, after = answers(model, asked(["a", "a"], [liked[:3], liked[:4]])).to_dicts()
    assert [each["item"] for each in before["items"]] != [each["item"] for each in after["items"]]
    reasons = [each["reason"].removeprefix("because you liked ") for each in after["items"] if each["reason"] != "popular with others"]
    assert reasons
    assert set(reasons) <= set(liked[:4])


def test_items_that_nobody_has_met_are_recommended_by_what_they_are() -> None:
    new = EVENTS.head(40).with_columns(item=pl.format("new{}", pl.int_range(40)), user=pl.lit(""))
    rows = judged(pl.concat([EVENTS, new]))
    rows.y["relevance"][EVENTS.height :] = -1
    for features, found in (((), False), (("genres",), True)):
        model = Ease("user", "item", features=features, weight=50.0).fit(rows.X, rows.y)
        items = shown(answers(model, asked([""], [EVENTS.filter(pl.col("rating") == 5)["item"].head(5).to_list()], k=40)))[0]
        assert any(item.startswith("new") for item in items) is found


def test_metrics_by_hand() -> None:
    """User a liked x and y, of which x is second in the list; b liked z, which is not; c liked nothing."""
    events = pl.DataFrame({"user": ["a", "a", "b", "c"], "item": ["x", "y", "z", "x"], "rating": [5.0, 4.0, 5.0, 1.0]})
    rows = use_case.kind.placed(use_case, Rows(events, np.zeros(4), events), NOBODY)
    lists = [["q", "x"], ["q", "x"], ["q", "x"], ["x"]]
    items = pl.Series([[{"item": item} for item in row] for row in lists])
    found = compute(use_case, rows.y, pl.DataFrame({"items": items, "novelty": [1.0, 1.0, 3.0, 9.0]}))
    ideal = 1 + 1 / np.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 / np.log2(3)) / ideal / 2)
    assert found["recall@10"] == pytest.approx(0.25)
    assert found["map@10"] == pytest.approx(0.5 / 2 / 2)
    assert found["recall_micro@10"] == pytest.approx(1 / 3)
    assert found["novelty"] == pytest.approx(2.0)


def test_what_was_had_before_does_not_count_when_it_comes_again() -> None:
    model: Any = fitted(ease(), EVENTS)
    assert compute(use_case, judged(EVENTS).y, answers(model, judged(EVENTS).X), names=["ndcg@10"]) == {}


def test_a_model_is_better_than_popularity_and_with_shuffled_users_it_is_not() -> None:
    before, after = (EVENTS.filter((pl.col("time").dt.ordinal_day() <= 24) == early) for early in (True, False))
    mixed = before.with_columns(pl.col("user").shuffle(seed=1))
    gate = judged(after)
    found = [
        compute(use_case, gate.y, answers(fitted(family, events), gate.X))["ndcg@10"]
        for family, events in ((popularity(), before), (ease(), before), (popularity(), mixed), (ease(), mixed))
    ]
    assert found[1] > 1.5 * found[0]
    assert found[3] < 1.1 * found[2]


def test_the_last_fifth_of_each_user_judges() -> None:
    split = UserTimeSplit()
    info = EVENTS.sample(fraction=1, shuffle=True, seed=1).with_columns(_time=pl.col("time"), _hash=pl.lit(0.5))
    newest: Any = info["_time"].max()
    bounds = UserTimeBoundaries(newest)
    parts = info.with_columns(part=split.part(use_case, bounds))
    for _, events in parts.group_by("user"):
        ordered = events.sort("_time")["part"].to_list()
        assert ordered == sorted(ordered, key=["train", "tune", "gate"].index)
        assert ordered.count("gate") == pytest.approx(0.2 * len(ordered), abs=1)
    later = info.head(1).with_columns(_time=pl.lit(info["_time"].max()).dt.offset_by("1d"))
    assert pl.concat([info, later]).select(split.part(use_case, bounds)).to_series()[-1] == "gate"


def test_a_definition_that_cannot_be_is_one_sentence() -> None:
    class NoUser(pa.DataFrameModel):
        thing: str = column("item")

    class NoScale(pa.DataFrameModel):
        who: str = column("user")
        thing: str = column("item")
        stars: float = column("rating")

    given = {"title": "x", "problem": "ranking", "source": use_case.source, "features": use_case.features, "split": use_case.split}
    with pytest.raises(DefinitionError, match="needs a column with the role 'user' in schema NoUser, found none"):
        UseCase(name="toy", schema=NoUser, **given)
    with pytest.raises(DefinitionError, match="column 'stars' is a rating on a scale: state its ends"):
        UseCase(name="toy", schema=NoScale, **given)
    with pytest.raises(DefinitionError, match="split=TimeSplit needs a column with the role 'time'"):
        UseCase(name="toy", schema=NoScale, **{**given, "problem": Ranking(relevant=4)})


def test_liked_is_four_fifths_of_the_scale_or_what_the_definition_says() -> None:
    assert Ranking().liked_from(use_case) == 4.0
    assert Ranking(relevant=3.5).liked_from(use_case) == 3.5


@pytest.mark.parametrize(
    ("event", "column", "rule"),
    [
        ({"user": "u1", "item": "i1", "rating": 9}, "rating", "less_than_or_equal_to(5)"),
        ({"user": "", "item": "i1"}, "user", "an event has one"),
        ({"user": "u1"}, "item", "an event has one"),
        ({"user": "u1", "item": "i1", "time": "2999-01-01T00:00:00"}, "time", "not in the future"),
        ({"user": "u1", "item": "i1", "note": "x"}, "note", "an event has user, item, rating, time, nothing else"),
        ({"user": "u" * 201, "item": "i1"}, "user", "str_length(1, 200)"),
        (["u1", "i1"], "", "an event is an object with user and item"),
    ],
)
def test_an_event_that_is_none_is_refused_with_its_column_and_rule(event: object, column: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        feedback.judged(use_case, [{"user": "u1", "item": "i1"}, event])
    assert [(each["row"], each["column"], each["rule"]) for each in refused.value.problems] == [(1, column, rule)]


def test_tuning_uses_all_events_of_a_user() -> None:
    assert use_case.tuning == Tuning(trials=8)
    rows = judged(EVENTS)
    assert len(use_case.kind.sample(rows.y, 10, 1)) == len(rows)
    assert fit_estimator(use_case, Recipe(candidate="ease", params={"penalty": 100.0}), rows).penalty == 100.0


def test_the_schema_of_events_has_a_user_that_is_an_entity_too() -> None:
    from lifecycle.columns import columns

    assert columns(Event)["user"].role_names == ("user", "entity")
