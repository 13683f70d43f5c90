"""What a rule of the gate answers for.

A rule is one file of `lifecycle/gate/rules/`, or one module outside the repository under the entry point `lifecycle.gate.rules`, whose
`rule` is an object with these methods; or an object that a definition names: `Gate(rules=(MyRule(),))`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.gate.numbers import CheckResult

if TYPE_CHECKING:
    from lifecycle.gate.evidence import Comparison, GateEvidence
    from lifecycle.usecase import UseCase


@dataclass(frozen=True)
class Check:
    """One thing that a rule looked at."""

    check: str
    """What was looked at, in a few words."""
    found: Any
    """What it is, as JSON can hold it."""
    allowed: Any
    """What it may be."""
    reason: str = ""
    """Why a challenger may not be promoted for it, in a clause; empty: it passed."""
    asks: str = ""
    """Why a person has to decide, in a clause; empty: nobody has to."""
    plainer: bool = False
    """Whether a plainer model of the same search may pass where this one did not."""

    @property
    def result(self) -> CheckResult:
        """It as a verdict keeps it."""
        more = {"plainer": True} if self.plainer else {}
        more |= {"asks": True} if self.asks and not self.reason else {}
        return CheckResult(check=self.check, found=self.found, allowed=self.allowed, passed=self.passed, **more)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the challenger here."""
        return not self.reason and not self.asks


class Rule:
    """A rule that a challenger must keep."""

    place: int = 1_000
    """Where its reasons stand among those of the others: the least first."""

    def checks(self, use_case: "UseCase", evidence: "GateEvidence", comparison: "Comparison | None") -> Iterator[Check]:
        """What it looks at; nothing where it does not apply.

        Args:
            use_case: the definition, whose `gate` says how much is allowed.
            evidence: of the challenger.
            comparison: with the champion; `None` where there is none yet.
        """
        raise NotImplementedError
