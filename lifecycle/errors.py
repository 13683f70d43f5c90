"""What retrying cannot fix: one root error, one clear sentence each."""


class LifecycleError(Exception):
    """A mistake that its reader can mend: names the thing, the rule, what was found, the remedy."""


class DefinitionError(LifecycleError):
    """A use case says something that cannot be."""


class DataError(LifecycleError):
    """The data is not what the definition says it is."""


class NotEnoughData(DataError):
    """There are too few rows to do this honestly."""
