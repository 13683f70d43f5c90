"""Ranking: which items to show to whom, learnt from what users had and liked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.answer_schema import INTEGER, NUMBER, TEXT, Field, records
from lifecycle.kind import Kind, prediction

if TYPE_CHECKING:
    from lifecycle.candidates import Candidate
    from lifecycle.dataset import Rows
    from lifecycle.draft.columns import ColumnProfile, Table
    from lifecycle.draft.problem import GuessedProblem
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.report import EvaluationReport
    from lifecycle.evaluation.statistics import Statistic
    from lifecycle.monitoring.live_labels import Live
    from lifecycle.references import ModelVersion, Recipe
    from lifecycle.source import Source
    from lifecycle.usecase import UseCase

K = 10
"""Lists are judged by so many of their items."""
OF_SCALE = 0.8
"""An event is liked from this share of the top of the scale on, where the definition says nothing: 4 of 5."""


@dataclass(frozen=True)
class Ranking(Kind):
    """Rows are events: a user had an item. A model learns from all of them, and answers a history with a list.

    What judges is what users had afterwards: items that they had before are not shown.
    """

    relevant: float | None = None
    """From which rating on an event is liked; `None`: from four fifths of the scale on, which the column's checks state. Without ratings, all are."""

    name = "ranking"
    metric = f"ndcg@{K}"
    metrics = (f"ndcg@{K}", f"recall@{K}", f"map@{K}", f"recall_micro@{K}", "novelty")
    besides = ("coverage",)
    knows_nothing = "what most users liked"
    plain = "the neighbours of what was liked"
    last = "what goes with the item liked last"
    averages = False
    remembers = False
    asked_again = True
    cross_validates = False
    gap_tells = False
    target_type = ""
    answer_schema = (
        prediction(TEXT, "the item to be shown first", nullable=True, derived=True),
        Field("items", records(rank=INTEGER, item=TEXT, score=NUMBER, reason=TEXT), "the items to be shown, the best first, each with its reason"),
        Field("novelty", NUMBER, "how little known the items are: the mean of -log2 of the share of users who had one", derived=True),
        Field("known", INTEGER, "on how many liked items of the user the answer rests; 0: it is what most users liked", derived=True),
    )

    def check(self, use_case: "UseCase") -> None:
        """There must be a user and an item, and a scale where there are ratings."""
        for role in ("user", "item"):
            if not use_case.columns.one(role):
                raise use_case.wrong(f"a {self.name} needs a column with the role '{role}' in schema {use_case.schema.__name__}, found none")
        if use_case.target:
            raise use_case.wrong(
                f"a {self.name} has no target but the events that come, found '{use_case.target}' with that role; it may be 'rating'"
            )
        self.threshold(use_case, np.zeros(0), np.zeros(0))

    def liked_from(self, use_case: "UseCase") -> float | None:
        """From which rating on an event is liked; `None`: there are no ratings."""
        name = use_case.columns.one("rating")
        if not name:
            return None
        top = use_case.columns[name].bounds[1]
        if self.relevant is None and top is None:
            raise use_case.wrong(
                f"column '{name}' is a rating on a scale: state its ends in the schema, column('rating', ge=1, le=5), or what is liked: "
                "problem=Ranking(relevant=4)"
            )
        return self.relevant if self.relevant is not None else OF_SCALE * float(top or 0)

    def threshold(self, use_case: "UseCase", y: np.ndarray, outputs: Any, info: "pl.DataFrame | None" = None) -> float:
        """There is none of answers; that of ratings is checked."""
        self.liked_from(use_case)
        return 0.5

    def left(self, metric: str, value: float, constant: float) -> float:
        """Novelty is not near to any end."""
        return float("inf") if metric == "novelty" else super().left(metric, value, constant)

    def families(self) -> "tuple[Candidate, ...]":
        """Those that need nothing else installed."""
        from lifecycle.candidates import ease, neighbours, popularity

        return popularity(), neighbours(), ease()

    def relevance(self, use_case: "UseCase", info: pl.DataFrame) -> np.ndarray:
        """Whether each event is liked, as 1.0 or 0.0."""
        name, least = use_case.columns.one("rating"), self.liked_from(use_case)
        if name is None or least is None:
            return np.ones(info.height)
        return (info[name].cast(pl.Float64).fill_null(least) >= least).cast(pl.Float64).to_numpy()

    def placed(self, use_case: "UseCase", rows: "Rows", train: "Callable[[], Rows]") -> "Rows":
        """With who had what, and whether it was liked."""
        from lifecycle.dataset import Rows
        from lifecycle.evaluation.ranking_metrics import truth

        user, item = (use_case.columns.one(role) or "" for role in ("user", "item"))
        return Rows(rows.X, truth(rows.info[user], rows.info[item], self.relevance(use_case, rows.info)), rows.info)

    def sample(self, y: np.ndarray, most: int, seed: int) -> np.ndarray:
        """All: some events of a user are another user."""
        return np.arange(len(y))

    def outputs(self, model: Any, X: Any) -> Any:
        """The lists."""
        from lifecycle.models.answers import answers

        return answers(model, X)

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> pl.DataFrame:
        """They are answers already."""
        return outputs

    def predict(self, model: Any, X: pl.DataFrame) -> pl.DataFrame:
        """The lists; of questions with their reasons."""
        from lifecycle.models.answers import answers

        return answers(model, X)

    def informed(self, model: Any, other: Any) -> Any:
        """With the histories that the other knows: what a model makes of a user is compared, and not how much of one it has seen."""
        return model.informed(other)

    def asked(self, use_case: "UseCase", pieces: "Iterable[Rows]") -> "Iterable[Rows]":
        """A question for each user, with all that is known of the user by now."""
        from lifecycle.dataset import Rows
        from lifecycle.models.interactions import LIKED, SEEN

        user, item = (use_case.columns.one(role) or "" for role in ("user", "item"))
        events = []
        for rows in pieces:
            time = rows.info["_time"] if "_time" in rows.info.columns else pl.repeat(None, len(rows), dtype=pl.Datetime("us"), eager=True)
            events.append(
                rows.info.select(user, pl.col(item).alias("_item"), pl.Series("_fine", self.relevance(use_case, rows.info) > 0), time.alias("_time"))
            )
        every = pl.concat(events).drop_nulls([user, "_item"]).group_by(user, maintain_order=True)
        liked = pl.col("_item").filter(pl.col("_fine"))
        found = every.agg(
            liked.unique(maintain_order=True).alias(LIKED), pl.col("_item").unique(maintain_order=True).alias(SEEN), pl.col("_time").max()
        )
        found = found.with_columns(_key=pl.col(user).cast(pl.String)).sort("_key")
        yield Rows(found.select(user, LIKED, SEEN), np.zeros(found.height), found.select("_key", "_time", user))

    def inputs(self, X: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        """A question brings the history in place of the inputs."""
        from lifecycle.models.interactions import LIKED

        return X if LIKED in X.columns else super().inputs(X, names)

    def encode(self, use_case: "UseCase", target: pl.Series) -> np.ndarray:
        """Events that came after a list: structs of user, item and relevance."""
        from lifecycle.evaluation.ranking_metrics import truth

        event = target.struct
        return truth(event.field("user"), event.field("item"), event.field("relevance").to_numpy())

    def sources(self, use_case: "UseCase") -> "Mapping[str, Source]":
        """What clients have told over HTTP."""
        from lifecycle.sources.feedback import Feedback

        columns = use_case.columns
        named = tuple((role, name) for role in ("user", "item", "rating", "time") if (name := columns.one(role)))
        key = columns.one("key") or ""
        others = tuple(each.name for each in columns.all if each.name not in {name for _, name in named} | {key})
        return {"feedback": Feedback(use_case.name, named, others, key)}

    def reference(self, rows: "Rows", judged: "Rows", model: Any) -> "Rows":
        """The judged rows: how many events are of users and items that a model has not met, is no drift in them."""
        from lifecycle.dataset import Rows

        return Rows(self.watched(judged.X, lambda: model), judged.y, judged.info)

    def watched(self, X: pl.DataFrame, model: Callable[[], Any]) -> pl.DataFrame:
        """How well known users and items are, in place of who and which they are."""
        from lifecycle.models.familiarity import familiarity

        return familiarity(model(), X)

    def live_metric(self, metric: str) -> str:
        """What can be counted event by event: lists that are shown every day meet fewer events each than the gate's."""
        return metric if metric == "novelty" else f"recall_micro@{K}"

    def lived(self, use_case: "UseCase", model: "ModelVersion", rows: "Rows", unseen: np.ndarray) -> "Live":
        """Events after a list was shown."""
        from lifecycle.monitoring.shown_lists import lived

        return lived(use_case, model, rows, unseen, self.relevance(use_case, rows.info))

    def predictor(self, use_case: "UseCase", older: Any) -> Any:
        """By histories, which grow while they are asked for."""
        from lifecycle.serving.histories import HistoryPredictor

        return HistoryPredictor(use_case, older)

    def lacking(self, there: Sequence[str], names: Sequence[str]) -> list[str]:
        """A question needs none."""
        from lifecycle.models.interactions import LIKED

        return [] if LIKED in there else super().lacking(there, names)

    def statistics(self, y: np.ndarray, predictions: pl.DataFrame, weight: np.ndarray, wanted: set[str]) -> "list[Statistic]":
        """Of each user, by what came after."""
        from lifecycle.evaluation.ranking_metrics import statistics

        return list(statistics(y, predictions, K)) if wanted & set(self.metrics) else []

    def evidence(self, use_case: "UseCase", model: Any, recipe: "Recipe", train: "Rows", tune: "Rows", gate: "Rows") -> "Evidence":
        """Beside popularity, neighbours, and what goes with the last item."""
        from lifecycle.evaluation.ranking_evidence import gather

        return gather(use_case, model, recipe, train, tune, gate)

    def compared_columns(self, use_case: "UseCase") -> list[str]:
        """The declared slices and the sensitive columns of users."""
        return super().compared_columns(use_case)

    def measured(self, said: pl.DataFrame, of: str = "") -> np.ndarray:
        """How novel the list is."""
        return said.select(pl.col("novelty").cast(pl.Float64)).to_numpy()

    def moved(self, before: pl.DataFrame, after: pl.DataFrame) -> np.ndarray:
        """The share of the list that is other."""
        items = (frame["items"].list.eval(pl.element().struct.field("item")) for frame in (before, after))
        both = pl.DataFrame(dict(zip(("one", "other"), items, strict=True)))
        same = both.select(pl.col("one").list.set_intersection("other").list.len() / pl.max_horizontal(pl.col("one").list.len(), 1)).to_series()
        return 1 - same.to_numpy()

    def explained(self, use_case: "UseCase", answer: pl.DataFrame) -> tuple[Callable[[pl.DataFrame], pl.Series], str]:
        """Whether the first item stays first."""
        value = answer["prediction"].item()
        return lambda answers: (answers["prediction"] == value).fill_null(False).cast(pl.Float64), f"1 where {value} comes first, 0 elsewhere"

    def says(self, use_case: "UseCase") -> str:
        """A list."""
        return "Says which items to show to a user"

    def weaknesses(self, use_case: "UseCase", evaluation: "EvaluationReport") -> list[str]:
        """Cold users and items, and slices where there are some."""
        from lifecycle.reports import card_findings

        found = ["## Cold users and cold items\n\n" + card_findings.apart(evaluation.apart)]
        if evaluation.slices.table:
            found.append("## Where it is weak\n\n" + card_findings.slices(use_case, evaluation.slices))
        return found

    def limits(self) -> list[str]:
        """What logged events can say."""
        return [
            "Events tell what users had, not what they would have liked: an item that was never shown could not be chosen. What was shown is logged with "
            "its rank, and a shown list that is chosen from proves less than a comparison of two lists by chance.",
        ]

    def posed(self, table: "Table") -> str:
        """Whether there are users, items, and when."""
        from lifecycle.kinds import event_columns

        found = event_columns.found(table)
        return f"since users ({found.user.came}) have items ({found.item.came}) in the course of time" if found and found.time else ""

    def give_roles(self, table: "Table") -> None:
        """Users, items, ratings, the time; what else is left in must be told of items.

        Raises:
            DataError: nobody can tell which columns these are.
        """
        from lifecycle.kinds import event_columns

        event_columns.give(table)

    def title(self, question: "GuessedProblem", target: "ColumnProfile | None") -> str:
        """There is no target to name."""
        return "What to show to whom"


kind = Ranking()
