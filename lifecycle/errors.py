"""What retrying cannot fix: one root error, one clear sentence each."""


class LifecycleError(Exception):
    """A mistake that its reader can fix: names the thing, the rule, what was found, the remedy."""


class UnknownUseCase(LifecycleError):
    """There is no use case of the name that was given."""


class DefinitionError(LifecycleError):
    """A use case says something that cannot be."""


class DataError(LifecycleError):
    """The data is not what the definition says it is."""


class NotEnoughData(DataError):
    """There are too few rows to do this honestly."""


class Lost(LifecycleError):
    """A registered version is not there any more, or is not what was registered."""


class Outage(ConnectionError):
    """Another server does not answer now: trying again can help, `after` so many seconds where it says so."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after
