"""What a recommender is judged by: its lists and those of baselines for users whose later events none of them has seen."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.candidates import neighbours, popularity
from lifecycle.dataset import Rows
from lifecycle.evaluation import ranking_metrics
from lifecycle.evaluation.evidence import Evidence, in_time
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.predictions import Predictions, judge
from lifecycle.evaluation.report import Apart
from lifecycle.evaluation.resample import Interval, clusters, intervals
from lifecycle.fit import fit_estimator, together
from lifecycle.models.answers import USUAL, answers
from lifecycle.models.blueprint import blueprint
from lifecycle.models.interactions import Histories
from lifecycle.references import Recipe

if TYPE_CHECKING:
    from lifecycle.models.recommender import Recommender
    from lifecycle.usecase import UseCase

COLD = 5
"""A user who has liked fewer items than this, or an item that fewer users had, is cold."""
MOST_USERS = 3_000
"""What decides nothing is measured on so many users."""
GROUPS = 20
"""Of users are left out in turn, to see how far the coverage varies."""


def gather(use_case: "UseCase", model: "Recommender", recipe: Recipe, train: Rows, tune: Rows, gate: Rows) -> Evidence:
    """Beside what most users liked (it knows nothing of the user), the neighbours of all that was liked, and those of what was liked last."""
    both = together(train, tune)
    plain, nothing = (_fitted(use_case, family, both) for family in (neighbours(), popularity()))
    judged, straight, flat = (judge(use_case, each, gate) for each in (model, plain, nothing))
    rows = gate.info["_key"].len()
    users = gate.X[model.user].n_unique()
    how = f"by {rows:,} later events of {users:,} users, which took no part in fitting, tuning or choosing the model; items they had before are not shown"
    remembered = _remembered(use_case, model, fit_first(use_case, recipe, train), _some(tune))
    last = Predictions(gate, (_last(use_case, plain, both, gate),), {})
    found = Evidence("holdout", how, judged, flat, straight, remembered, in_time(judged), besides=_coverage(model, judged), last=last)
    return replace(found, apart=_apart(use_case, model, recipe, both, gate, (judged, flat)))


def fit_first(use_case: "UseCase", recipe: Recipe, train: Rows) -> "Recommender":
    """The recipe on the training part alone: whose histories it keeps."""
    return _fitted(use_case, popularity(), train)


def _chosen(rows: Rows) -> np.ndarray:
    """Which rows are of `MOST_USERS` users, the same ones each time, by their hash."""
    users = np.unique(rows.y["user"])
    return np.ones(len(rows), dtype=bool) if len(users) <= MOST_USERS else rows.y["user"] <= users[MOST_USERS - 1]


def _some(rows: Rows) -> Rows:
    """All events of some users."""
    return rows.take(_chosen(rows))


def _fitted(use_case: "UseCase", family: Any, rows: Rows) -> Any:
    return family.build(blueprint(use_case, rows.X), dict(family.defaults)).fit(rows.X, rows.y)


def _remembered(use_case: "UseCase", model: "Recommender", first: "Recommender", tune: Rows) -> dict[str, float]:
    """The metrics on what the model was fitted on: asked with the histories of the train part for the tune part."""
    said = answers(model.informed(first), tune.X)
    return compute(use_case, tune.y, said)


def _last(use_case: "UseCase", plain: "Recommender", before: Rows, gate: Rows) -> pl.DataFrame:
    """What goes with the one item that each user liked last."""
    liked = before.y["relevance"] > 0
    names = {"user": before.X[plain.user].filter(liked), "item": before.X[plain.item].filter(liked)}
    time = before.info["_time"].filter(liked) if "_time" in before.info.columns else pl.int_range(int(liked.sum()), eager=True)
    newest = pl.DataFrame(names).with_columns(time=time).sort("time", maintain_order=True).unique("user", keep="last", maintain_order=True)
    only = plain.known_.of(newest["user"], newest["item"], np.ones(newest.height))
    made = plain.informed(plain)
    known = plain.known_.with_history(only)
    made.known_ = replace(known, users=only.users, seen=plain.known_.of_user(only.users).seen)
    return answers(made, gate.X)


def _coverage(model: "Recommender", judged: Predictions) -> dict[str, Interval]:
    """The share of the catalogue that is in any list; its error by leaving out groups of users (the jackknife)."""
    table = ranking_metrics.shown(judged.predictions[0], USUAL)
    _, first = np.unique(judged.rows.y["user"], return_index=True)
    lists, many = table[first], max(len(model.known_.items), 1)

    def covered(some: np.ndarray) -> float:
        items = np.unique(some)
        return float((items != 0).sum()) / many

    whole = covered(lists)
    group = np.arange(len(lists)) % GROUPS
    parts = np.array([covered(lists[group != each]) for each in range(GROUPS)])
    error = float(np.sqrt((GROUPS - 1) / GROUPS * ((parts - parts.mean()) ** 2).sum()))
    return {"coverage": Interval(whole, max(whole - 1.96 * error, 0.0), min(whole + 1.96 * error, 1.0), 0.95, len(lists), error)}


def _apart(
    use_case: "UseCase", model: "Recommender", recipe: Recipe, both: Rows, gate: Rows, said: tuple[Predictions, Predictions]
) -> tuple[Apart, ...]:
    """Cold users, by their list alone, and cold items, among each other."""
    judged, flat = (Predictions(_some(gate), tuple(frame.filter(_chosen(gate)) for frame in each.predictions), {}) for each in said)
    gate = judged.rows
    liked = np.asarray(model.known_.of_user(gate.X[model.user]).liked.sum(axis=1)).ravel()
    found = []
    for name, inside in (("users without a history", liked == 0), (f"users who liked 1 to {COLD - 1} items", (liked > 0) & (liked < COLD))):
        found.append(_part(use_case, name, gate.take(inside), *(each.predictions[0].filter(inside) for each in (judged, flat))))
    few = answers(model.informed(_shortened(model)), gate.X)
    found.append(_part(use_case, f"all users, by the {COLD - 1} items of a list", gate, few, flat.predictions[0]))
    found.append(_cold_items(use_case, model, recipe, both, gate))
    return tuple(each for each in found if each is not None)


def _part(use_case: "UseCase", name: str, rows: Rows, said: pl.DataFrame, nothing: pl.DataFrame) -> Apart | None:
    """The deciding metric of some rows, beside what knows nothing."""
    if not len(rows):
        return None
    metric = use_case.metric
    value = intervals(use_case, rows.y, said, clusters(use_case, rows.info), [metric]).get(metric)
    other = compute(use_case, rows.y, nothing, names=[metric]).get(metric)
    users = len(np.unique(rows.y["user"]))
    if value is None:
        return None
    return Apart(name=name, rows=len(rows), users=users, metric=metric, value=value.value, low=value.low, high=value.high, constant=other)


def _shortened(model: "Recommender") -> "Recommender":
    """The model, knowing of each user a few liked items only."""
    from scipy.sparse import csr_matrix

    liked = model.known_.liked
    place = np.arange(liked.nnz) - np.repeat(liked.indptr[:-1], np.diff(liked.indptr))
    kept = place < COLD - 1
    ends = np.concatenate([[0], np.cumsum(np.minimum(np.diff(liked.indptr), COLD - 1))])
    made = model.informed(model)
    made.known_ = replace(model.known_, liked=csr_matrix((liked.data[kept], liked.indices[kept], ends), shape=liked.shape))
    return made


def _cold_items(use_case: "UseCase", model: "Recommender", recipe: Recipe, both: Rows, gate: Rows) -> Apart | None:
    """Items that hardly anybody had before, ranked among each other: a model that knows what they are can do it, one that counts cannot."""
    had = pl.DataFrame({"item": model.known_.items, "had": np.asarray(model.known_.seen.sum(axis=0)).ravel()})
    met = gate.X.select(pl.col(model.item).alias("item")).join(had, on="item", how="left", maintain_order="left")["had"].fill_null(0)
    cold = gate.take((met < COLD).to_numpy())
    if len(cold) < COLD:
        return None
    there = Rows(cold.X, cold.y.copy(), cold.info)
    there.y["relevance"] = -1  # that it is there, and what it is: no event
    knows = fit_estimator(use_case, recipe, together(both, there))
    histories = knows.known_.of_user(cold.X[knows.user])
    among = np.asarray(knows.known_.seen.sum(axis=0)).ravel() < COLD
    values = _among(knows, histories, among)
    return _part(use_case, f"items that fewer than {COLD} users had, among each other", cold, *values)


def _among(model: "Recommender", histories: Histories, allowed: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The model's lists of the allowed items alone, and those of popularity."""
    from scipy.sparse import csr_matrix, vstack

    hidden = csr_matrix(np.tile(~allowed, (1, 1)).astype(np.float32))
    others = vstack([hidden] * len(histories), format="csr")
    seen = ((histories.seen + others) > 0).astype(np.float32).tocsr()
    found = []
    for liked in (histories.liked, csr_matrix(histories.liked.shape, dtype=np.float32)):
        items, scores = model.recommend(Histories(liked, seen), USUAL)
        found.append(lists(model, items, scores))
    return found[0], found[1]


def lists(model: "Recommender", items: np.ndarray, scores: np.ndarray) -> pl.DataFrame:
    """Items by code as the field `items` of answers."""
    names = model.known_.names
    there = [names[row[row >= 0]].to_list() for row in items]
    made = [
        [{"item": name, "score": float(score)} for name, score in zip(row, values, strict=False)] for row, values in zip(there, scores, strict=True)
    ]
    return pl.DataFrame({"items": pl.Series(made, dtype=pl.List(pl.Struct({"item": pl.String, "score": pl.Float64})))})
