"""The promotions ledger as it is written: the one way by which a version becomes champion.

A decision is first written to the ledger, then the standings and MLflow's aliases are set from the ledger. Whatever is killed
in between, the next decision sets them: the ledger is the truth, and aliases that other hands moved are moved back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lifecycle.dependencies import clock
from lifecycle.history import Decision, Standing, ledger, standing
from lifecycle.references import Verdict
from lifecycle.store import standings, tables, tracking, versions
from lifecycle.store.lake import lake

if TYPE_CHECKING:
    import duckdb

    from lifecycle.usecase import UseCase


@contextmanager
def turn(use_case: "UseCase") -> Iterator[Standing]:
    """One decision at a time about a use case, over all processes; first what a killed one left undone is done."""
    store = lake()
    tables.prepare(store, use_case.name)
    with store.lock(standings.deciding(use_case.name)):
        found = ledger(use_case.name)
        stands = standing(found)
        if align(use_case.name, stands):
            stands.finished = found[-1]
        yield stands


def settled(use_case: "UseCase") -> Standing:
    """Where the versions stand now; first what a killed decision left undone is done."""
    known = standings.known(use_case.name)
    if known is not None and not known.settled:
        with turn(use_case) as stands:
            return stands
    return standing(ledger(use_case.name))


def record(use_case: "UseCase", decision: Decision) -> Standing:
    """Write a decision to the ledger, with its time and the version's hashes, then set the standings and the aliases by it.

    Returns:
        Where the versions stand after it.
    """
    kept = versions.kept(use_case.name, decision.model_version)
    row = [decision.model_version, decision.action, decision.promoted, decision.champion, decision.reason, json.dumps(decision.numbers.as_json())]
    row += [decision.gate_rows or "", decision.actor, json.dumps(kept.hashes) if kept else "", clock.now()]

    def insert(transaction: "duckdb.DuckDBPyConnection") -> None:  # never before the row above it, whatever the clock says
        transaction.execute(
            f"""INSERT INTO {use_case.name}.promotions
            (model_version, action, promoted, champion, reason, numbers, gate_rows, actor, hashes, decided_at)
            SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, greatest(?::TIMESTAMPTZ, max(decided_at) + INTERVAL 1 microsecond) FROM {use_case.name}.promotions""",
            row,
        )

    standings.mark(use_case.name)
    lake().write(insert)
    stands = standing(ledger(use_case.name))
    align(use_case.name, stands)
    return stands


def align(use_case: str, stands: Standing) -> bool:
    """Set MLflow's aliases `champion`, `previous` and `challenger`, then the standings, to what the ledger says, where they differ.

    Returns:
        Whether another champion stood there, unsettled: who decided last was killed, or cut off, behind the ledger.
    """
    before = standings.known(use_case)
    _set_aliases(use_case, stands)
    standings.settle(use_case, stands.champion, stands.previous, stands.challenger)
    return before is not None and not before.settled and before.champion != stands.champion


def _set_aliases(use_case: str, stands: Standing) -> None:
    if not stands.latest:
        return
    from mlflow.exceptions import MlflowException

    client = tracking.client()
    try:
        there = client.get_registered_model(use_case).aliases
    except MlflowException as error:  # somebody deleted or renamed the whole model: there is nothing to set
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return
    for alias in ("previous", "challenger", "champion"):
        wanted = getattr(stands, alias)
        if wanted is None and alias in there:
            client.delete_registered_model_alias(use_case, alias)
        elif wanted is not None and str(there.get(alias)) != str(wanted):
            try:
                client.set_registered_model_alias(use_case, alias, str(wanted))
            except MlflowException as error:  # a version that somebody deleted can have no alias: whoever asks for it is told
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise


def verdict(use_case: "UseCase", version: int, stands: Standing) -> Verdict:
    """What the ledger says of a version."""
    row = stands.latest[version]
    judged = stands.judged.get(version, row)
    blocked = stands.blocked.get(version)
    waiting = version in stands.waiting
    promoted = row.promoted and not blocked
    return Verdict(
        use_case=use_case.name,
        key=f"{use_case.name}/{version}/{row.action}/{promoted}/{waiting}",
        version=version,
        promoted=promoted,
        waiting=waiting,
        reason=blocked or row.reason or "",
        champion=judged.champion,
        numbers=judged.numbers,
    )
