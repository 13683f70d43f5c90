"""Which use cases run by themselves, as `prefect.yaml` says; the lines to add for one that does not."""

from app.stack.deploy import DEPLOYMENTS
from lifecycle import registry

USUAL = {"ingest": "0 5 * * *", "score": "20 5 * * *", "monitor": "40 5 * * *", "train": "0 3 * * 0"}
"""What a use case usually has: new rows, predictions and a look at drift every day, a challenger every week."""


def unscheduled() -> dict[str, list[str]]:
    """The use cases without a schedule of one of the usual deployments, each with these deployments."""
    import yaml

    there = {each["name"]: each.get("schedules") or [] for each in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]}
    scheduled = {name: {schedule["parameters"].get("use_case") for schedule in schedules} for name, schedules in there.items()}
    missing = {use_case: [name for name in USUAL if use_case not in scheduled.get(name, set())] for use_case in registry.names()}
    return {use_case: names for use_case, names in missing.items() if names}


def lines(use_case: str, deployments: list[str] | None = None) -> str:
    """The lines to add to `prefect.yaml`, under `schedules:` of each deployment named."""
    return "\n".join(
        f'  {name}:\n    - {{slug: {use_case}, cron: "{USUAL[name]}", timezone: Etc/UTC, parameters: {{use_case: {use_case}}}}}'
        for name in deployments or list(USUAL)
    )
