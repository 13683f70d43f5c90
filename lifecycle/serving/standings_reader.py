"""Who is champion, as a service looks for it four times a second: in the standings, and in the ledger itself where these are not settled."""

from collections.abc import Sequence

from lifecycle import history
from lifecycle.errors import Lost
from lifecycle.references import ModelVersion
from lifecycle.settings import Settings
from lifecycle.store import standings, versions
from lifecycle.store.database import Database
from lifecycle.store.lake import lake
from lifecycle.store.records import Reader
from lifecycle.store.standings import Stands


class Standings:
    """Connections to the records and to MLflow's database, for one thread."""

    def __init__(self, server: Database, at: Settings) -> None:
        self._records, self._mlflow, self._at = Reader(server, "lake"), Reader(server, "mlflow"), at
        self._known: dict[str, Stands] = {}

    def now(self, use_cases: Sequence[str]) -> list[Stands]:
        """Where the versions of these use cases stand.

        Raises:
            psycopg.Error: the database is away; the next call tries again.
        """
        self._known = standings.read(self._records)
        return [self._settled(name) for name in use_cases]

    def version(self, use_case: str, number: int) -> ModelVersion:
        """A version as it was registered.

        Raises:
            Lost: it is not in MLflow's registry any more, or was never registered by us.
        """
        found = versions.kept(use_case, number, self._records)
        if found is None:
            raise versions.foreign(use_case, number)
        stands = self._known.get(use_case, Stands())
        if why := history.lost(self._mlflow, found, stands):
            raise Lost(why)
        return found

    def differences(self, use_case: str) -> list[str]:
        """In what MLflow's registry and the ledger differ, one sentence each."""
        return history.differences(use_case, self._known.get(use_case, Stands()), self._records, self._mlflow)

    def close(self) -> None:
        """Leave the databases."""
        self._records.close()
        self._mlflow.close()

    def _settled(self, use_case: str) -> Stands:
        """What the ledger says. It is read where nobody is deciding and the standing is not settled: at first, and after a kill."""
        stands = self._known.get(use_case, Stands())
        if stands.settled:
            return stands
        with standings.nobody_decides(self._records.connection(), use_case) as quiet:
            if quiet:
                found = history.standing(history.ledger(use_case, lake(self._at)))
                standings.settle(use_case, found.champion, found.previous, found.challenger, self._records.connection())
                self._known[use_case] = stands = Stands(found.champion, found.previous, found.challenger, True)
        return stands
