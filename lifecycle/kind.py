"""What a kind of problem answers for, and where kinds are found.

The machinery asks `use_case.kind` and never which kind it is. A kind is one file of `lifecycle/kinds/`, or one module outside the
repository under the entry point `lifecycle.kinds`, whose `kind` is an object with these methods. Adding a kind is adding that file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle import variants
from lifecycle.answer_schema import INTEGER, NUMBER, TEXT, Field, Fields, Type, check
from lifecycle.errors import DefinitionError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from lifecycle.candidates import Candidate
    from lifecycle.dataset import Rows
    from lifecycle.draft.columns import ColumnProfile, Table
    from lifecycle.draft.problem import GuessedProblem, Level
    from lifecycle.evaluation.evaluation_set import EvaluationSet
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.evaluation.fairness import Measure
    from lifecycle.evaluation.predictions import Predictions
    from lifecycle.evaluation.report import ClassReport, ClusterReport, EvaluationReport
    from lifecycle.evaluation.statistics import Statistic
    from lifecycle.monitoring.live_labels import Live
    from lifecycle.references import ModelVersion, Recipe
    from lifecycle.source import Source
    from lifecycle.usecase import UseCase

    Unseen = Callable[[], tuple[np.ndarray, np.ndarray, pl.DataFrame]]

FOLDER = "lifecycle.kinds"
ERRORS = frozenset({"brier", "log_loss", "rmse", "mae", "median_ae", "mape", "calibration_error", "davies_bouldin", "cost"})
"""Metrics of which less is better."""
PROBABILITY = {"minimum": 0, "maximum": 1}
"""The bounds of a probability, as JSON Schema."""


def prediction(type: Type, meaning: str, **more: Any) -> Field:
    """The field `prediction`: a number or a text. The lake keeps it as text, so that one query reads all kinds, and a number as `number` too."""
    return Field("prediction", type, meaning, stored={"prediction": TEXT} | ({"number": NUMBER} if type in (NUMBER, INTEGER) else {}), **more)


class Kind:
    """A kind of problem. What is here is right for most kinds; a kind overrides what differs.

    A kind has no state: what it says depends on its arguments alone.
    """

    name: str
    """As a definition says it: `problem="binary"`."""
    extra: str = ""
    """The extra whose libraries it needs (`lifecycle.extras`)."""
    metric: str
    """The metric that decides where a definition names none."""
    metrics: tuple[str, ...]
    """All that make sense, by scikit-learn's names; errors are positive numbers."""
    besides: tuple[str, ...] = ()
    """Metrics that an evaluation measures beside these: the gate may ask for them, and they decide nothing else."""
    knows_nothing: str = "a blind guess"
    """The baseline that knows nothing, in words."""
    plain: str = "a plain linear model"
    """The baseline that anybody would try first, in words."""
    nearly_perfect: float = 0.002
    """What a model may leave open (`left`) for its score to be too good to be true."""
    short: str = ""
    """The class that is short, in words (`minority`)."""
    last: str = "the last known label"
    """The baseline of what has an order, in words (`last_of`)."""
    asked_again: bool = False
    """Whether what was scored is scored again when its time has moved on: it is not a row, but what rows are gathered to."""
    remembers: bool = True
    """Whether what a model says of a row that it was fitted on is memory, and no prediction."""
    gap_tells: bool = True
    """Whether a large gap between training and new rows speaks against a model; not where what it says of its training rows is its memory of them."""
    cross_validates: bool = True
    """Whether few rows can be judged by cross-validation: each by itself, in any fold."""
    averages: bool = True
    """Whether the average of several models' outputs is a model's output."""
    decides: bool = False
    """Whether an answer is a yes or a no, by a threshold, so that a definition can say what decisions cost or how many can be acted on."""
    calibrates_intercept: bool = False
    """Whether a calibration of probabilities shifts their logits too, beside stretching them."""
    target_type: str = "continuous"
    """The target as scikit-learn's encoders call it: `binary`, `multiclass`, `continuous`; empty where there is none."""
    answer_schema: Fields = (prediction(NUMBER, "the number that is expected of {use_case.target}"),)
    """The fields of an answer, in their order; all that others read of an answer is made from them."""

    def __init_subclass__(cls) -> None:
        """Refuse fields of an answer that cannot be."""
        super().__init_subclass__()
        check(getattr(cls, "name", cls.__name__), cls.answer_schema)

    def greater_is_better(self, metric: str) -> bool:
        """Whether a larger value of the metric is a better one."""
        return metric not in ERRORS

    def gain(self, metric: str, value: float, over: float) -> float:
        """How much better `value` is than `over`: positive is better, for scores and for errors."""
        return value - over if self.greater_is_better(metric) else over - value

    def bounds(self, metric: str) -> tuple[float, float]:
        """The least and the most that a metric can be, as far as that is known."""
        return 0.0 if metric in ERRORS else float("-inf"), float("inf")

    def left(self, metric: str, value: float, constant: float) -> float:
        """The share that a model leaves open of what the constant does: 0 is perfect. Infinite where that means nothing."""
        if not self.greater_is_better(metric):
            return value / constant if constant > 0 else float("inf")
        return (1 - value) / (1 - constant) if constant < 1 else float("inf")

    # The definition

    def check(self, use_case: "UseCase") -> None:
        """Refuse a definition that this kind cannot be.

        Raises:
            DefinitionError: its target is missing or of a wrong type.
        """
        if not use_case.target:
            raise use_case.wrong(f"a {self.name} problem needs a column with the role 'target' in schema {use_case.schema.__name__}, found none")

    def families(self) -> "tuple[Candidate, ...]":
        """The families tried where a definition names none, from the simplest on."""
        from lifecycle.candidates import boosting, forest, linear

        return linear(), forest(), boosting()

    # The rows

    def sources(self, use_case: "UseCase") -> "Mapping[str, Source]":
        """Further sources of rows beside the definition's, by the name under which each is ingested."""
        return {}

    def reference(self, rows: "Rows", judged: "Rows", model: Any) -> "Rows":
        """What is told of training for the sake of drift: the rows that the deployed fit was fitted on, or those that the judged one is judged by."""
        return rows

    def watched(self, X: "pl.DataFrame", model: "Callable[[], Any]") -> "pl.DataFrame":
        """Inputs as drift is looked for in them; `model` gives the fitted one, where that must be asked."""
        return X

    def lived(self, use_case: "UseCase", model: "ModelVersion", rows: "Rows", unseen: "np.ndarray") -> "Live | None":
        """What became of answers, of a kind without a target: those that were given, with what came after; `None`: nothing tells."""
        return None

    def encode(self, use_case: "UseCase", target: "pl.Series") -> "np.ndarray":
        """The target as a model takes it, length n."""
        raise NotImplementedError

    def placed(self, use_case: "UseCase", rows: "Rows", train: "Callable[[], Rows]") -> "Rows":
        """Rows with the `y` that they are judged against; `train` gives the training rows, where those decide it."""
        return rows

    def check_part(self, use_case: "UseCase", part: str, values: "Callable[[], Sequence[Any]]") -> None:
        """Refuse a part of a split whose distinct target values, which `values` gives, nothing can be learnt or judged by.

        Raises:
            NotEnoughData: a class is missing.
        """

    def check_target(self, use_case: "UseCase", y: "np.ndarray") -> None:
        """Refuse a target that nothing can be learnt from, before anything is fitted.

        Raises:
            DataError: there are no two different values, or one is not valid.
        """

    def sample(self, y: "np.ndarray", most: int, seed: int) -> "np.ndarray":
        """The positions of at most so many rows, always the same ones, in their order."""
        import numpy as np

        return np.sort(np.random.default_rng(seed).choice(len(y), most, replace=False))

    def strata(self, y: "np.ndarray", folds: int) -> tuple[int, bool]:
        """Into how many folds rows can be divided, and whether every fold shall have the classes' shares."""
        return folds, False

    # The model

    def linear(self, params: "Mapping[str, Any]", seed: int) -> Any:
        """The unfitted linear model of this kind; `alpha` is the weight of its penalty."""
        raise NotImplementedError

    def forest(self, trees: int, **given: Any) -> Any:
        """The unfitted random forest of this kind."""
        raise NotImplementedError

    def boosting(self, **given: Any) -> Any:
        """The unfitted histogram gradient boosting of this kind."""
        raise NotImplementedError

    def constant(self, metric: str = "") -> Any:
        """The unfitted baseline that knows nothing but the target."""
        raise NotImplementedError

    def last_of(self, season: str) -> str:
        """The baseline of what has an order, in words: of which season, such as `hour of the day`; of none where that is empty."""
        return f"{self.last} of the same {season}" if season else self.last

    def repeated(self, last: "np.ndarray", known: "np.ndarray", seen: "tuple[np.ndarray, np.ndarray]") -> "pl.DataFrame | None":
        """The answers of the baseline that says the last known label again; `None` where there is nothing to repeat.

        Args:
            last: the encoded label that was known last before each row, length n; without meaning where none was.
            known: whether one was.
            seen: the same for earlier rows, and their own labels.
        """
        return None

    def text_model(self, seed: int) -> Any:
        """The unfitted linear model over a text's words, whose outputs become inputs."""
        raise NotImplementedError

    def outputs(self, model: Any, X: Any) -> "np.ndarray":
        """What an estimator gives for rows: numbers or clusters, length n, or probabilities of shape (n, classes)."""
        import numpy as np

        return np.asarray(model.predict(X))

    def staged_outputs(self, model: Any, X: Any) -> "Iterator[np.ndarray]":
        """The same after each iteration of a boosted model."""
        return model.staged_predict(X)

    def classes(self, y: "np.ndarray") -> "np.ndarray":
        """The classes that outputs have columns for, in their order; none where outputs are no probabilities."""
        return y[:0]

    def aligned(self, outputs: "np.ndarray", model: Any, classes: "np.ndarray") -> "np.ndarray":
        """Outputs in columns of all classes, also of those that the model has not met."""
        return outputs

    def threshold(self, use_case: "UseCase", y: "np.ndarray", outputs: "np.ndarray", info: "pl.DataFrame | None" = None) -> float:
        """The threshold that a final model with these outputs would decide by; `info` is `Rows.info` of the same rows."""
        return 0.5

    def bounded(self, y: "np.ndarray", values: "np.ndarray") -> "np.ndarray":
        """What a choice between models looks at: values without those that would decide it by themselves."""
        return values

    def defined(self, outputs: "np.ndarray") -> bool:
        """Whether outputs are a result that can be scored at all."""
        return True

    def logarithm_helps(self, y: "np.ndarray") -> bool:
        """Whether learning the logarithm of the target is worth a try."""
        return False

    def loss(self, metric: str, outputs: "np.ndarray", y: "np.ndarray", classes: "np.ndarray") -> "Callable[[np.ndarray], float]":
        """What weights of an average are chosen by: the loss of the weighted outputs, of shape (models, n, ...), as a function of the weights."""
        raise NotImplementedError

    def baseline(self, use_case: "UseCase", model: Any, rows: "Rows") -> Any:
        """A fitted baseline as it is judged; `rows` are those that it was fitted on."""
        return model

    def finish(self, use_case: "UseCase", model: Any, unseen: "Unseen") -> Any:
        """A fitted estimator as it is deployed: calibrated, with a threshold, intervals or sets, as its outputs need them.

        Args:
            use_case: the definition.
            model: the fitted estimator.
            unseen: gives the target, the outputs and `Rows.info` of rows that it was not fitted on.
        """
        return model

    def frame(self, outputs: Any, classes: Any = (), threshold: float = 0.5) -> "pl.DataFrame":
        """Outputs of an estimator as answers: a column for each field of `answer_schema`.

        Args:
            outputs: as `outputs` gives them.
            classes: in the order of the probabilities' columns.
            threshold: from which probability of its second class a row of a binary problem is predicted to be 1.
        """
        raise NotImplementedError

    def predict(self, model: Any, X: "pl.DataFrame") -> "pl.DataFrame":
        """The answers of a finished model to rows of inputs, in their order, as `frame` gives them."""
        return self.frame(model.predict(X))

    def decided(self, said: "pl.DataFrame", model: Any) -> "pl.DataFrame":
        """Answers of other fits of a recipe as a finished model of it would decide them: by its threshold, where there is one."""
        return said

    def apart(self, first: "pl.DataFrame", second: "pl.DataFrame") -> "tuple[np.ndarray, bool]":
        """How far two forms of one model are apart: the differences of shape (n, numbers), and whether a decision differs."""
        import numpy as np

        numbers = [name for name, dtype in first.schema.items() if dtype.is_float()]
        one, two = (frame.select(numbers).to_numpy() for frame in (first, second))
        return np.abs(one - two), bool((first["prediction"] != second["prediction"]).any())

    def predictor(self, use_case: "UseCase", older: Any) -> Any:
        """What answers for a use case of this kind over HTTP, where that is not by rows: a `lifecycle.serving.predictor.Predictor`; `None`: by rows."""
        return None

    # The evaluation

    def statistics(self, y: "np.ndarray", predictions: "pl.DataFrame", weight: "np.ndarray", wanted: set[str]) -> "list[Statistic]":
        """The statistics that give the wanted metrics.

        Args:
            y: the encoded target, length n.
            predictions: answers for the same rows.
            weight: how often each row counts, length n.
            wanted: names of metrics.
        """
        raise NotImplementedError

    def evidence(self, use_case: "UseCase", model: Any, recipe: "Recipe", train: "Rows", tune: "Rows", gate: "Rows") -> "Evidence":
        """What a trained model is judged by: its own and the baselines' answers for the same unseen rows."""
        raise NotImplementedError

    def informed(self, model: Any, other: Any) -> Any:
        """A model with what another one remembers, where models remember and answer by it: so that two are asked the same."""
        return model

    def inputs(self, X: "pl.DataFrame", names: "Sequence[str]") -> "pl.DataFrame":
        """The inputs of a model that was trained with these, in their order."""
        return X.select(names)

    def lacking(self, there: "Sequence[str]", names: "Sequence[str]") -> list[str]:
        """Of the inputs that a model was trained with those that it cannot be asked without, and that are not there."""
        return [name for name in names if name not in there]

    def asked(self, use_case: "UseCase", pieces: "Iterable[Rows]") -> "Iterable[Rows]":
        """What a batch is scored for, out of the rows of the feature table: these, or what they are gathered to; `X` as `inputs` takes it."""
        return pieces

    def same_names(self, model: Any, known: "np.ndarray | None", rows: "Rows") -> "tuple[Any, np.ndarray | None]":
        """A fold's model, naming what it found as the first fold's did; `known` are those names, which only clusters need."""
        return model, known

    def per_class(self, unseen: "EvaluationSet") -> "tuple[ClassReport, ...]":
        """A row for each class, where classes are worth a look of their own."""
        return ()

    def calibration(self, judged: "Predictions") -> "tuple[str, np.ndarray, np.ndarray] | None":
        """What the probabilities are of, in words; whether it happened, and its probability; `None` where there are none."""
        return None

    def spread(self, said: "pl.DataFrame") -> tuple[float | None, str]:
        """How much the intervals or sets of answers leave open on average, and what that number is in words; `None` where there are none."""
        return None, ""

    def clusters(self, use_case: "UseCase", evidence: "Evidence") -> "tuple[ClusterReport, ...]":
        """A row for each cluster, where there are some."""
        return ()

    def compared_columns(self, use_case: "UseCase") -> list[str]:
        """The columns by whose values the evaluation is broken down."""
        return list(dict.fromkeys([*use_case.slices, *use_case.columns.having("sensitive")]))

    several: bool = False
    """Whether an answer has a number for each of several classes."""

    def measured(self, said: "pl.DataFrame", of: str = "") -> "np.ndarray":
        """The numbers of answers that a change may move, shape (n, numbers); `of`: of several classes, which one's."""
        import polars as pl

        return said.select(pl.col("prediction").cast(pl.Float64)).to_numpy()

    def moved(self, before: "pl.DataFrame", after: "pl.DataFrame") -> "np.ndarray":
        """How far each answer has moved, length n."""
        import numpy as np

        return np.abs(self.measured(after) - self.measured(before)).max(axis=1)

    def minority(self, y: "np.ndarray") -> int | None:
        """How many rows are of the class that is short; `None` where there are no classes."""
        return None

    def blind(self, metric: str, said: "pl.DataFrame", seed: int) -> "pl.DataFrame":
        """The answers of the constant baseline, as they are best for a metric without a look at the inputs.

        Args:
            metric: by which it is judged.
            said: what the constant says of the rows.
            seed: of what is drawn at random.
        """
        return said

    def enough(self, y: "np.ndarray", least: int) -> bool:
        """Whether the rows of a slice have enough of what its metric needs; `least` of each class, where there are classes."""
        return True

    def fairness(self, judged: "Predictions") -> "list[Measure]":
        """What is compared between groups of people."""
        return []

    def explained(self, use_case: "UseCase", answer: "pl.DataFrame") -> "tuple[Callable[[pl.DataFrame], pl.Series], str]":
        """What is explained of a model's answer to one row: a function that reads it from answers, and its scale in words."""
        import polars as pl

        return lambda answers: answers["prediction"].cast(pl.Float64), use_case.target

    # Monitoring

    def live_metric(self, metric: str) -> str:
        """The metric that the log of predictions can give in place of this one."""
        return metric

    def estimated(self, use_case: "UseCase", metric: str, predictions: "pl.DataFrame") -> tuple[str, float] | None:
        """What a metric should be on rows without labels if their probabilities are right: its name, and the value; `None` where nothing says."""
        return None

    # What people read

    def plots(self, use_case: "UseCase", evidence: "Evidence", metrics: dict[str, float]) -> dict[str, bytes]:
        """The plots of an evaluation, as PNG bytes by name."""
        return {}

    def says(self, use_case: "UseCase") -> str:
        """What a model of this kind says of a row, as the start of a sentence: `Predicts the number ...`."""
        raise NotImplementedError

    def weaknesses(self, use_case: "UseCase", evaluation: "EvaluationReport") -> list[str]:
        """The card's sections on where a model is weak and to whom it is unfair, in Markdown."""
        return []

    def limits(self) -> list[str]:
        """What the numbers of this kind never say, a sentence each."""
        return []

    def positive(self, use_case: "UseCase") -> Any:
        """The value that an answer of 1 stands for; `None` where no answer does."""
        return None

    # What `lifecycle new` writes

    def posed(self, table: "Table") -> str:
        """Why a table without a target asks for this kind, in a clause; empty where it does not."""
        return ""

    def give_roles(self, table: "Table") -> None:
        """Give columns of a new table the roles that this kind needs."""

    guessed: int = 0
    """Where `lifecycle new` thinks of this kind when it looks at a target: the largest first; 0: never by itself."""
    alone: str = "ROC AUC"
    """What says how well a column tells the target all by itself, in words."""

    def looks_like(self, target: "ColumnProfile") -> str:
        """Why a target looks like one of this kind, as the end of a sentence: `has two values`; empty where it does not."""
        return ""

    def refusal(self, target: "ColumnProfile") -> str:
        """Why a target cannot be one of this kind, with the remedy; empty where it can."""
        return ""

    def question(self, target: "ColumnProfile", why: str) -> "GuessedProblem":
        """What is asked of a target, for the reason `why`."""
        raise NotImplementedError

    def title(self, question: "GuessedProblem", target: "ColumnProfile | None") -> str:
        """What is asked, in a few words."""
        return f"What {target.came} is" if target else "Rows that are alike"

    def arguments(self, question: "GuessedProblem") -> "dict[str, Any]":
        """Further arguments of the definition that the question decides."""
        return {}

    def choices(self, question: "GuessedProblem") -> "dict[str, tuple[Any, str]]":
        """Arguments of the definition that a person may change, each with why it is as it is."""
        return {}

    def truth(self, question: "GuessedProblem", target: "pl.Series") -> "np.ndarray":
        """A target as numbers, shape (n, outputs), to see how well a column tells it: 0 or 1 for a class, else the number."""
        import polars as pl

        return target.cast(pl.Float64).to_numpy().reshape(-1, 1)

    def level(self, question: "GuessedProblem", target: "ColumnProfile") -> "Level | None":
        """What may move in the course of time, where one number says it."""
        return None

    def rare(self, question: "GuessedProblem") -> "Iterator[str]":
        """Warnings of classes with few rows."""
        yield from ()

    def threshold_of(self, model: Any) -> float | None:
        """The threshold that a finished model decides by; `None` where it has none."""
        return None

    def coverage_of(self, model: Any) -> float | None:
        """The coverage that a finished model's intervals or sets state; `None` where it has none."""
        conformal = getattr(model, "conformal_", None)
        return conformal.coverage if conformal is not None and conformal.states else None


_kinds = variants.Named(FOLDER, "kind", Kind)


def find(name: str) -> Kind:
    """The kind of this name.

    Raises:
        DefinitionError: there is none.
    """
    found = _kinds.get(name)
    if found is None:
        raise DefinitionError(f"problem is one of {', '.join(names())}, found '{name}'")
    return found


def names() -> list[str]:
    """The names of all kinds."""
    return list(_kinds.all())
