"""What changed since the version that answers now, in sentences for the person who has to approve: data, recipe, operating point, cases that flip."""

from typing import TYPE_CHECKING

from lifecycle.evaluation.compare import inputs_of, unseen
from lifecycle.predict import predict
from lifecycle.store import models

if TYPE_CHECKING:
    from lifecycle.references import ModelVersion, Recipe
    from lifecycle.usecase import UseCase

FLIPS = 5
"""So many cases that flip are named."""


def changes(use_case: "UseCase", challenger: "ModelVersion", champion: "ModelVersion") -> tuple[str, ...]:
    """A sentence each."""
    old = f"version {champion.version}"
    before, now = (each.evaluated.trained for each in (champion, challenger))
    rows = [each.parts.features.snapshot.rows for each in (before, now)]
    same = before.parts.features.snapshot.fingerprint == now.parts.features.snapshot.fingerprint
    found = [f"data: the same {rows[1]:,} rows as {old}" if same else f"data: {rows[1]:,} rows, {old} had {rows[0]:,}"]
    recipes = [_recipe(each.recipe) for each in (before, now)]
    found.append(f"recipe: {recipes[1]}, as {old}" if recipes[0] == recipes[1] else f"recipe: {recipes[1]}, {old} was {recipes[0]}")
    fits = [models.load(*each.judged) for each in (champion, challenger)]
    points = [use_case.kind.threshold_of(each) for each in fits]
    if None not in points:
        found.append(f"operating point: yes from {points[1]:.4g} on, {old} from {points[0]:.4g} on")
    elif None not in (covers := [use_case.kind.coverage_of(each) for each in fits]):
        found.append(f"operating point: its sets hold the truth for {covers[1]:.1%} of rows, those of {old} for {covers[0]:.1%}")
    return (*found, _flips(use_case, challenger, champion, fits))


def _flips(use_case: "UseCase", challenger: "ModelVersion", champion: "ModelVersion", fits: list) -> str:
    """Of the rows that neither has seen, those that the two answer differently."""
    rows = unseen(use_case, challenger, champion)
    if not len(rows):
        return "cases that flip: there is no row that neither has seen"
    old = predict(use_case, fits[0], inputs_of(use_case, champion, rows))["prediction"].cast(str)
    new = predict(use_case, fits[1], rows.X)["prediction"].cast(str)
    flipped = (old != new).arg_true().to_list()
    named = [f"{rows.info['_key'][at]}: {old[at]} -> {new[at]}" for at in flipped[:FLIPS]]
    return f"cases that flip: {len(flipped):,} of {len(rows):,} that neither has seen" + (f" ({', '.join(named)})" if named else "")


def _recipe(recipe: "Recipe") -> str:
    told = ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in sorted(recipe.params.items()))
    return recipe.candidate + (f" ({told})" if told else "")
