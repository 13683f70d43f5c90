"""kill -9 over all stages, and what is left after it: `python -m benchmarks.kills [--kills 100] [--database 30] [--minutes 60]`.

A shop whose source grows is run in a home folder of its own. At a moment of a stage (seeded, from how long the stage usually
takes) the command, with or without what it started, or its PostgreSQL, is killed; the same command is run again, sometimes
killed again, and run to its end; then `benchmarks.books` must find nothing wrong. One line a kill, a table at the end; the exit
code is 1 where anything was wrong. Nothing is killed but what was started here, and it ends by itself.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import books
from benchmarks.killing import END, STAGES, START, WHOLE, Command, Place
from benchmarks.served import Service
from benchmarks.till import CASES, Shop

TILL, TALLY = CASES
STACK = 40.0
"""Seconds within which a stack comes up."""
AGAIN = 0.4
"""How often a run that goes on after a kill is killed too."""


class Bench:
    """The rounds, what each kill hit, and what was wrong."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.random = random.Random(options.seed)
        self.shop = Shop(folder, random.Random(options.seed))
        self.port = 8000 + options.port_offset
        self.offset = str(options.port_offset)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LIFECYCLE_", "PREFECT_", "MLFLOW_"))}
        ours = {"HOME": "home", "USECASES": "cases", "DATA": "data"}
        self.place = Place(folder / "home", {**clean, **{f"LIFECYCLE_{name}": str(folder / value) for name, value in ours.items()}})
        self.began, self.seconds = time.monotonic(), 60 * options.minutes
        self.database = False
        self.hits: Counter[tuple[str, str]] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.read: set[str] = set()
        self.service = Service(TILL, self.port)

    def prepare(self) -> None:
        """Open the shop, and learn how long everything takes."""
        self.shop.open()
        for _ in range(2):
            command = self.must("run", TILL)
            self.place.typical |= command.stages()
            self.shop.sell()
        self.place.typical[WHOLE.format("ingest")] = self.must("ingest", TALLY).stages()[START]
        self.place.typical[WHOLE.format("promote")] = self.place.typical[WHOLE.format("rollback")] = self.must("promote", TILL, "2").seconds
        self.place.typical[WHOLE.format("up")] = STACK
        print(f"stages in seconds: {', '.join(f'{name} {seconds:.1f}' for name, seconds in self.place.typical.items())}", flush=True)

    def must(self, *arguments: str) -> Command:
        """Run a command that nobody kills: anything but success is wrong."""
        command = self.place.run(*arguments)
        if command.process.returncode or command.wrong:
            self.fault("undisturbed", f"{' '.join(arguments)} ended with {command.process.returncode}: {command.wrong or command.last}")
        return command

    def fault(self, stage: str, what: str) -> None:
        """Note what is wrong."""
        self.faults[stage] += 1
        self.wrong.append(f"{stage}: {what}")
        print(f"     WRONG  {stage}: {what}", flush=True)

    def victim(self) -> str:
        """Who is killed this time."""
        return self.random.choice(["server", "backend"] if self.database else ["process", "process", "family"])

    def hit(self, stage: str, *arguments: str, name: str = "") -> bool:
        """Start a command and kill at a stage. Returns whether it came that far."""
        victim, fraction = self.victim(), self.random.random()
        command = self.place.start(*arguments)
        if not command.at(stage, fraction) or not command.kill(victim):
            command.wait()
            outcome = "ended before it could be killed"
            self.outcomes["missed"] += 1
        else:
            command.wait()
            self.hits[name or stage, victim] += 1
            outcome = "killed"
            if self.database:
                outcome = "survived" if command.process.returncode == 0 else f"said: {command.sentence[:150]}"
                self.outcomes["survived" if command.process.returncode == 0 else "said why"] += 1
                if command.wrong:
                    self.fault(name or stage, f"{victim} killed: {command.wrong}")
        number = sum(self.hits.values())
        print(
            f"{number:4}  {' '.join(arguments[:2]):12} {name or stage:16} {victim:8} {fraction:.2f}  {command.seconds:5.1f} s  {outcome}", flush=True
        )
        return outcome != "ended before it could be killed"

    def check(self, stage: str, *, whole: bool = False) -> None:
        """Read the books: everything must be right."""
        asked: dict[str, Any] = {
            "cases": CASES, "read": sorted(self.read), "good": self.shop.good, "cents": self.shop.cents, "bad": len(self.shop.bad),
            "whole": TILL if whole else "", "served": self.service.told(),
        }  # fmt: skip
        began = time.monotonic()
        found = books.read(self.place.home, self.place.environment, asked)
        for what in found:
            self.fault(stage, what)
        print(f"      books {'wrong' if found else 'exact'} ({time.monotonic() - began:.1f} s)", flush=True)

    def next(self, *stages: str) -> str:
        """The stage of these that was hit least."""
        least = min(sum(number for (name, _), number in self.hits.items() if name == stage) for stage in stages)
        return self.random.choice([s for s in stages if sum(number for (name, _), number in self.hits.items() if name == s) == least])

    def loop(self) -> None:
        """New rows; the whole loop, killed once or more on its way."""
        self.shop.sell()
        self.read.clear()
        way = [START, *STAGES, END]
        stage = self.next(*way)
        self.hit(stage, "run", TILL)
        while self.random.random() < AGAIN and stage in STAGES[:-1]:
            stage = self.random.choice(way[way.index(stage) + 1 :])
            if not self.hit(stage, "run", TILL):
                break
        self.must("run", TILL)
        self.read = {TILL}
        self.check(stage, whole=True)

    def load(self) -> None:
        """New rows for a table without a key, and for one with: loads that are killed."""
        name = self.random.choice([TALLY, TALLY, TILL])
        self.shop.sell()
        self.read.clear()
        stage = self.next("collect", "validate")
        self.hit(stage, "ingest", name)
        if self.random.random() < AGAIN:
            self.hit(self.random.choice([START, "collect", "validate"]), "ingest", name)
        self.must("ingest", name)
        self.read = {name}
        self.check(stage)

    def decide(self) -> None:
        """A promotion or a rollback by hand that is killed, and asked for again where it had not come to its end."""
        was = self.standing()
        back = was["previous"] is not None and self.random.random() < 0.5
        others = [version for version in was["versions"] if version != was["champion"]]
        arguments = ("rollback", TILL) if back else ("promote", TILL, str(self.random.choice(others)))
        wanted = was["previous"] if back else int(arguments[-1])
        name = "rollback" if back else "promote by hand"
        self.hit(START, *arguments, name=name)
        between = self.standing()
        if between["alias"] != wanted:
            again = self.place.run(*arguments)
            if again.process.returncode or again.wrong:
                self.fault(name, f"asked for again: {again.wrong or again.last}")
        now = self.standing()
        if between["champion"] not in (was["champion"], wanted) or now["champion"] != wanted or now["alias"] != wanted:
            self.fault(name, f"asked for was {wanted}; champion was {was}, after the kill {between}, after the same again {now}")
        self.check(name)

    def standing(self) -> dict[str, Any]:
        """Who is champion, by the ledger and by the alias."""
        return books.standing(self.place.environment, TILL)

    def serve(self) -> None:
        """The service killed under load, then the intake of what it left."""
        name = "serve"
        if self.database:
            return
        victim = self.victim()
        if wrong := self.service.killed(self.place, victim, 1.5 + 2.5 * self.random.random()):
            self.fault(name, wrong)
        self.hits[name, victim] += 1
        print(f"{sum(self.hits.values()):4}  serve {TILL:6} {name:16} {victim:8} {self.service.summary}", flush=True)
        self.hit("featurize", "score", TILL, name="intake")
        self.must("score", TILL)
        self.check(name, whole=True)

    def stack(self) -> None:
        """The supervisor of the whole stack, killed while it comes up or is up; `down` ends what it left."""
        self.hit(START, "up", "--port-offset", self.offset, name="up")
        self.must("down")
        self.check("up")

    def rounds(self, most: int, share: float, kinds: list[Callable[[], None]]) -> None:
        """Rounds until there were so many kills, or this share of the time is over."""
        there, until = sum(self.hits.values()), self.began + share * self.seconds
        while sum(self.hits.values()) - there < most and time.monotonic() < until:
            self.random.choice(kinds)()

    def table(self) -> None:
        """Stages, kills and faults."""
        victims = ("process", "family", "server", "backend")
        print(f"\n{'stage':16} " + " ".join(f"{victim:>8}" for victim in victims) + "   faults")
        for stage in sorted({stage for stage, _ in self.hits} | set(self.faults), key=_place):
            print(f"{stage:16} " + " ".join(f"{self.hits[stage, victim]:8}" for victim in victims) + f"   {self.faults[stage]:6}")
        total = [sum(number for (_, victim), number in self.hits.items() if victim == each) for each in victims]
        print(f"{'all':16} " + " ".join(f"{each:8}" for each in total) + f"   {len(self.wrong):6}")
        print(f"outcomes: {dict(self.outcomes)}; rows of the source: {self.shop.rows}; served: {self.service.summary or 'nothing'}")
        for what in self.wrong:
            print(f"WRONG {what}")


def _place(stage: str) -> int:
    way = [START, *STAGES, END, "promote by hand", "rollback", "serve", "intake", "up"]
    return way.index(stage) if stage in way else len(way)


def main() -> int:
    """Kill, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of commands")
    parser.add_argument("--database", type=int, default=30, help="of PostgreSQL or one of its processes")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port-offset", type=int, default=1700)
    parser.add_argument("--keep", action="store_true", help="leave the folder where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    bench = Bench(folder, options)
    try:
        bench.prepare()
        bench.rounds(
            options.kills,
            options.kills / max(options.kills + options.database, 1),
            [bench.loop] * 6 + [bench.load] * 3 + [bench.decide] * 3 + [bench.serve] * 3 + [bench.stack],
        )
        bench.database = True
        bench.rounds(options.database, 1.0, [bench.loop] * 4 + [bench.load] + [bench.decide])
    finally:
        bench.place.run("down")
        for process in books.family(bench.place.home):
            process.kill()
        bench.table()
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
