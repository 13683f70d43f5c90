"""Split: draw the lines between train, tune and gate once; then every row, old or new, has its part."""

from typing import TYPE_CHECKING

from lifecycle.errors import NotEnoughData
from lifecycle.references import Features, Parts
from lifecycle.splits import Boundaries
from lifecycle.splits.split import MIN_PART_ROWS, PARTS
from lifecycle.table import feature_table
from lifecycle.table.parts import LABELLED, assign, labelled
from lifecycle.table.sample import sampled

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase


def split(use_case: "UseCase", features: Features) -> Parts:
    """Where the definition's split draws its lines on these features.

    Raises:
        DefinitionError: the split gives no lines.
        NotEnoughData: a part would be left with fewer than 20 labelled rows, or with one class.
    """
    time = ["_time"] if use_case.columns.one("time") else []
    info = feature_table.columns(use_case, features, ["_hash", *time, *use_case.split.reads(use_case)])
    bounds = use_case.split.bounds(use_case, info)
    if not isinstance(bounds, Boundaries):
        name = type(use_case.split).__name__
        raise use_case.wrong(
            f"{name}.bounds() gives the lines of split={name} as Boundaries, or a frozen dataclass of it, found {type(bounds).__name__}"
        )
    drawn = Parts(use_case=use_case.name, features=features, bounds=bounds.as_json(), counts={})
    given = assign(use_case, drawn, info)
    counts = {str(part): int(count) for part, count in given.value_counts().sort("part").iter_rows()}
    for part in PARTS:
        if counts.get(part, 0) < MIN_PART_ROWS:
            raise NotEnoughData(
                f"use case '{use_case.name}': the part '{part}' needs {MIN_PART_ROWS} labelled rows, found {counts.get(part, 0)}"
                f" ({', '.join(f'{name} {count:,}' for name, count in counts.items())}); bring more rows, or change the split"
            )
    if use_case.target:
        for part in ("train", "gate"):
            use_case.kind.check_part(use_case, part, lambda part=part: info.filter(given == part)[use_case.target].unique().to_list())
    masks = {part: (given == part).to_numpy() for part in PARTS} | {LABELLED: labelled(use_case, drawn, info).to_numpy()}
    more = {"labelled": int(masks[LABELLED].sum()), **sampled(use_case, features, masks)}
    return drawn.model_copy(update={"counts": counts, **more})
