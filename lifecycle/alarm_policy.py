"""What follows an alarm: the policies that `Monitoring(follows=...)` of a definition names."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AlarmPolicy:
    """What the machinery does by itself once drift, or a live metric that broke its promise, is found.

    Attributes:
        name: as a definition says it.
        alarms: whether an alarm is raised and told at all; what is found is measured and kept in any case.
        trains: whether a training is started by it (by the automation of the deployment `train`).
        returns: whether an alarm of live performance takes the champion back.
        watches: whether a new champion that does worse than the one before did is taken back.
        says: what follows an alarm, for the run that raises it.
    """

    name: str
    alarms: bool = True
    trains: bool = False
    returns: bool = False
    watches: bool = False
    says: str


POLICIES = {
    each.name: each
    for each in (
        AlarmPolicy(name="off", alarms=False, says="nothing follows"),
        AlarmPolicy(name="alert", says="the alarm is told, and nothing else is done by itself"),
        AlarmPolicy(name="retrain", trains=True, watches=True, says="a training follows"),
        AlarmPolicy(name="rollback", returns=True, watches=True, says="the alarm is told"),
    )
}
"""From the least to the most that is done without a person."""
