"""What an evaluation shows of images: operating points, the worst errors, and where the model looked."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lifecycle.evaluation.resample import clusters
from lifecycle.models import images, saliency
from lifecycle.predict import predict
from lifecycle.references import Recipe
from lifecycle.reports import image_plots

if TYPE_CHECKING:
    from lifecycle.evaluation.evidence import Evidence
    from lifecycle.usecase import UseCase

WORST, LOOKED_AT = 12, 6
CLASSES = 12
"""So many classes, the most frequent, have operating points."""


def drawn(use_case: "UseCase", name: str, evidence: "Evidence", model: Any) -> dict[str, bytes]:
    """The pictures by name; `model` may be a recipe, of which nothing can be asked."""
    rows, said = evidence.model.rows, evidence.model.predictions[0]
    truth = rows.y.astype(str)
    scores = _scores(use_case, said)
    values, counts = np.unique(truth, return_counts=True)
    common = values[np.argsort(-counts, kind="stable")][:CLASSES].tolist()
    groups = clusters(use_case, rows.info)
    random = np.random.default_rng(use_case.seed)
    shown = sorted(each for each in common if each in scores) if len(scores) > 2 else list(scores)[-1:]
    table = {each: image_plots.operating_points(truth == each, scores[each], groups.codes, random) for each in shown}
    note = f"{len(rows):,} held-out images of {groups.count:,} {groups.named}; each class against the rest"
    found = {"operating_points": image_plots.points(table, note)} if table else {}
    own = np.array([scores[each][at] if each in scores else 0.0 for at, each in enumerate(truth)])
    answered = said["prediction"].cast(pl.String).to_numpy().astype(str)
    wrong = np.flatnonzero(answered != truth)
    worst = wrong[image_plots.worst(own[wrong], WORST)]
    if len(worst):
        words = f"{len(wrong):,} of {len(rows):,} are wrong; those whose own class was thought least probable come first"
        tiles = [_tile(rows.X[name][int(at)], f"{truth[at]}\nsaid {answered[at]}", True) for at in worst]
        found["worst_errors"] = image_plots.tiles("The worst errors", words, tiles)
    if not isinstance(model, Recipe) and model is not None:
        right = np.flatnonzero(answered == truth)
        chosen = (
            [*worst[: LOOKED_AT // 2].tolist(), *right[np.linspace(0, len(right) - 1, LOOKED_AT).astype(int)].tolist()]
            if len(right)
            else worst.tolist()
        )
        looked = [_looked(use_case, name, evidence, model, int(at), str(truth[at]), str(answered[at])) for at in chosen[:LOOKED_AT]]
        found["saliency"] = image_plots.tiles(
            "Where the model looks", "red speaks for the answer, blue against it: what covering a part does", looked
        )
    return found


def _scores(use_case: "UseCase", said: pl.DataFrame) -> dict[str, np.ndarray]:
    """The probability of each class by its name, as `Rows.y` has it."""
    if use_case.kind.several:
        return {column.removeprefix("p_"): said[column].to_numpy() for column in said.columns if column.startswith("p_")}
    positive = said["probability"].to_numpy()
    return {"0": 1 - positive, "1": positive}


def _looked(use_case: "UseCase", name: str, evidence: "Evidence", model: Any, at: int, truth: str, answered: str) -> image_plots.Tile:
    row = evidence.model.rows.X[at : at + 1]
    read, _ = use_case.kind.explained(use_case, predict(use_case, model, row))

    def ask(values: pl.Series) -> np.ndarray:
        return read(predict(use_case, model, row[[0] * len(values)].with_columns(values.alias(name)))).to_numpy()

    cell = row[name].item()
    points = saliency.overlaid(cell, saliency.occlusion(cell, ask), 112)
    return image_plots.Tile(points, truth if truth == answered else f"{truth}\nsaid {answered}", truth != answered)


def _tile(cell: bytes, title: str, bad: bool) -> image_plots.Tile:
    shape = images.shape(cell)
    points = images.points([cell], shape)[0]
    return image_plots.Tile(points if shape[2] == 3 else points[:, :, 0], title, bad)
