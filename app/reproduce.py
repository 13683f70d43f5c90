"""Make a model again."""

import argparse

from app import environment
from app.answer import Answer
from app.listing import known
from lifecycle import registry
from lifecycle.settings import settings


def reproduce(options: argparse.Namespace) -> Answer:
    """`lifecycle reproduce`."""
    from lifecycle.reproduce import reproduce

    known(options.use_case)
    environment.prepare(settings(), debug=options.debug)
    found = reproduce(registry.find(options.use_case), options.version)
    said = "identical" if found["identical"] else f"different, by {found['largest_difference']:.3g} at most"
    where = ", ".join(f"{'the same' if found[f'same_{name}'] else 'other'} {name}" for name in ("code", "libraries"))
    text = f"{options.use_case} version {options.version} made again: {said} on {found['rows']:,} rows ({where})"
    return Answer(found, text, code=0 if found["identical"] else 1)
