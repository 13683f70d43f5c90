"""Make a model again."""

import argparse

from app import environment
from app.answer import Answer
from app.listing import known, untouched
from lifecycle.settings import settings


def reproduce(options: argparse.Namespace) -> Answer:
    """`lifecycle reproduce`: also of a use case whose definition is not here any more."""
    from lifecycle.reproduce import with_recorded_code
    from lifecycle.store import versions

    environment.prepare(settings(), debug=options.debug)
    if untouched(settings()) or not versions.recorded(options.use_case):
        known(options.use_case)
    found = with_recorded_code(options.use_case, options.version)
    said = "identical" if found["identical"] else f"different, by {found['largest_difference']:.3g} at most"
    libraries = "the same libraries" if found["same_libraries"] else "other libraries"
    text = f"{options.use_case} version {options.version} made again with {found['code']}: {said} on {found['rows']:,} rows ({libraries})"
    notes = (f"lifecycle: not the same code: {found['missing']}",) if found["missing"] else ()
    return Answer(found, text, code=0 if found["identical"] else 1, notes=notes)
