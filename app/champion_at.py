"""`lifecycle history --at`: who was champion at a moment."""

import datetime as dt
from typing import TYPE_CHECKING

from rich.text import Text

from app.answer import Answer
from app.listing import moment
from lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from lifecycle.history import Decision


def champion_at(use_case: str, at: dt.datetime, decisions: "list[Decision]") -> Answer:
    """Who was champion then by the promotions ledger, since when, until when, and who decided so.

    Raises:
        LifecycleError: nobody knows yet who will be.
    """
    from lifecycle.history import reigns

    if at > dt.datetime.now(dt.UTC):
        raise LifecycleError(f"who will be champion of {use_case} at {at:%Y-%m-%d %H:%M} is not decided yet; name a moment that is past")
    made = [each for each in decisions if each.decided_at and each.decided_at <= at]
    found = next((reign for reign in reversed(reigns(made))), None)
    ended = next((until for number, since, until in reigns(decisions) if found and (number, since) == found[:2]), None)
    asked = {"use_case": use_case, "at": at.isoformat()}
    if found is None or found[2] is not None:
        nobody = {**asked, "champion": None, "since": None, "until": None, "decision": None}
        return Answer(nobody, Text.assemble((use_case, "bold"), f"  had no champion at {moment(at)}"))
    number, since, _ = found
    decided = next(each for each in reversed(made) if each.decided_at == since)
    data = {**asked, "champion": number, "since": since.isoformat(), "until": ended.isoformat() if ended else None, "decision": decided.as_json()}
    until = f"until {moment(ended)}" if ended else "and is it still"
    text = f"  version {number} was champion at {moment(at)}: since {moment(since)}, {until}\n{decided.action} by {decided.actor}: {decided.reason}"
    return Answer(data, Text.assemble((use_case, "bold"), text))
