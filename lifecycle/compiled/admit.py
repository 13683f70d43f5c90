"""Admit: a pipeline is compiled when it is registered, and its graph used only if it says the same of real and of absurd rows."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.compiled.model import Compiled
from lifecycle.errors import LifecycleError
from lifecycle.predict import predict
from lifecycle.store import tracking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lifecycle.usecase import UseCase

TAG = "lifecycle.compiled"
ARTIFACT = "compiled/model.onnx"
REPORT = "compiled/parity.json"
TOLERANCE = 1e-9
"""How far two probabilities may be apart; two values of a regression: relative to their size."""
REAL, BASE, MIXED = 2_000, 20, 300
NUMBERS = (None, 0.0, -0.0, 1.0, -1.0, 1e-300, 1e6, -1e6, 3e38, -3e38, 3.5e38, 1e308, -1e308, float("inf"), float("-inf"), float("nan"))
TEXTS = (None, "", " ", "a category that nobody has seen", "ÄÖÜ€😀", "0", "nan")


def compile(use_case: "UseCase", model: Any, run_id: str, names: tuple[str, ...], X: pl.DataFrame) -> tuple[dict[str, Any], dict[str, str]]:
    """Compile a fitted model, compare both forms, and keep the compiled one with its report in the model's MLflow run.

    Args:
        use_case: its problem decides what is compared.
        model: the fitted estimator.
        run_id: the run that holds it.
        names: the model's inputs, in order.
        X: rows of features, from which the real and the absurd rows of the comparison are made.

    Returns:
        `sha256`, `tolerance`, `difference` (the largest found) and `rows`; or `refused`, the reason why the pipeline itself will answer.
        And the SHA-256 of what was written, by path.
    """
    from lifecycle.compiled.convert import convert

    try:
        graph = convert(model, names)
        facts = compared(use_case, model, Compiled(graph), X.select(names))
    except Exception as error:  # whatever a library makes of an unusual model: it is served as it is
        said = " ".join(str(error).split())[:500]
        return {"refused": said if isinstance(error, LifecycleError) else f"{type(error).__name__}: {said}"}, {}
    facts = {"sha256": hashlib.sha256(graph).hexdigest(), **facts}
    return facts, tracking.write(run_id, ARTIFACT, graph) | tracking.write(run_id, REPORT, json.dumps(facts, indent=2))


def said(facts: "Mapping[str, Any]") -> str:
    """What `compile` found, in a sentence."""
    if "refused" in facts:
        return f"no: {facts['refused']}; the pipeline itself answers"
    return f"yes: at most {facts['difference']:.2g} from the pipeline on {facts['rows']:,} rows; SHA-256 {facts['sha256'][:12]}"


def compared(use_case: "UseCase", model: Any, other: Any, X: pl.DataFrame) -> dict[str, Any]:
    """How far two forms of a model are apart over real and absurd rows.

    Raises:
        LifecycleError: further than the tolerance, or they decide differently.
    """
    rows = pl.concat([X[np.unique(np.linspace(0, X.height - 1, REAL).astype(int))], absurd(X, use_case.seed)])
    with np.errstate(all="ignore"):  # the absurd rows overflow sums that scikit-learn makes
        first, second = predict(use_case, model, rows), predict(use_case, other, rows)
    apart, decides = use_case.kind.apart(first, second)
    worst = float(apart.max(initial=0.0))
    if not worst <= TOLERANCE:  # also where it is no number
        raise LifecycleError(
            f"its compiled form is off by up to {worst:.2g}, more than {TOLERANCE:.0e}, in {int((~(apart <= TOLERANCE)).any(axis=1).sum())} rows"
        )
    if decides:
        raise LifecycleError("its compiled form decides differently where a probability is at the threshold")
    return {"tolerance": TOLERANCE, "difference": worst, "rows": rows.height}


def absurd(X: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Rows made to find differences: nulls, infinities, extremes, values a hair beside real ones, categories nobody has seen."""
    random = np.random.default_rng(seed)
    base = X[random.integers(0, X.height, BASE)]
    odd = {column.name: _odd(column, random) for column in X}
    frames = [base.with_columns(_series(X[name], [value] * base.height)) for name, values in odd.items() for value in values]
    mixed = [_series(X[name], [values[at] for at in random.integers(0, len(values), MIXED)]) for name, values in odd.items()]
    return pl.concat([frame[:2] for frame in frames] + [pl.DataFrame(mixed)])


def _odd(column: pl.Series, random: np.random.Generator) -> list[Any]:
    if column.dtype == pl.String:
        return [*TEXTS, *column.drop_nulls().unique(maintain_order=True).head(40).to_list()]
    if column.dtype == pl.Binary:
        return [None, *column.drop_nulls().head(8).to_list()]
    if column.dtype == pl.Boolean:
        return [None, True, False]
    real = column.drop_nulls().gather(random.integers(0, max(column.drop_nulls().len(), 1), 8)) if column.drop_nulls().len() else column.head(0)
    if column.dtype.is_integer():
        ends = [None, 0, 1, column.lower_bound().item(), column.upper_bound().item()]
        return [*ends, *real.to_list()]
    values = real.to_numpy().astype(np.float64)
    return [
        *NUMBERS,
        *values.tolist(),
        *np.nextafter(values, np.inf).tolist(),
        *np.nextafter(values, -np.inf).tolist(),
        *values.astype(np.float32).tolist(),
    ]


def _series(like: pl.Series, values: list[Any]) -> pl.Series:
    return pl.Series(like.name, values, dtype=like.dtype, strict=False)
