"""`lifecycle keys`: who may call the service."""

import argparse

from rich.table import Table
from rich.text import Text

from app import environment
from app.answer import Answer
from lifecycle.errors import LifecycleError
from lifecycle.settings import settings
from lifecycle.store import keys as store


def keys(options: argparse.Namespace) -> Answer:
    """`lifecycle keys add NAME | list | revoke NAME | forget`."""
    environment.prepare(settings(), debug=options.debug)
    named = options.action in {"add", "revoke"}
    if named != bool(options.name):
        raise LifecycleError(f"'lifecycle keys {options.action}' takes {'the NAME of a key' if named else 'no name'}; see 'lifecycle keys --help'")
    return {"add": _add, "list": _list, "revoke": _revoke, "forget": _forget}[options.action](options.name)


def _add(name: str) -> Answer:
    key = store.add(name)
    notes = ("send it as X-API-Key; it is shown this once, and only its hash is kept",)
    return Answer({"name": name, "key": key}, Text(key), plain=f"{key}\n", notes=notes)


def _list(_: str | None) -> Answer:
    found = store.every()
    table = Table("name", "begins with", "added", "revoked", box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for key in found:
        table.add_row(key.name, f"lk_{key.public}_", f"{key.added_at:%Y-%m-%d %H:%M}", f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "")
    data = [{"name": key.name, "public": key.public, "added_at": key.added_at, "revoked_at": key.revoked_at} for key in found]
    return Answer({"keys": data}, table if found else "there are no keys: a service on this machine is open, one for other machines does not start")


def _revoke(name: str) -> Answer:
    store.revoke(name)
    return Answer({"name": name, "revoked": True}, f"the key of {name} is revoked: running services refuse it within seconds")


def _forget(_: str | None) -> Answer:
    names = store.forget()
    return Answer({"forgotten": names}, f"forgotten: {', '.join(names)}" if names else "no key is revoked: nothing to forget")
