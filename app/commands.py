"""The commands: what each does, where its function is, what it takes. The contract with everybody's scripts."""

import argparse
import datetime as dt
from typing import Any

Argument = tuple[str, dict[str, Any]]


def _moment(text: str) -> dt.datetime:
    """A day or a moment, in this machine's time unless it says its distance from UTC."""
    try:
        return dt.datetime.fromisoformat(text.strip()).astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no moment; write 2026-03-04, 2026-03-04T15:30 or 2026-03-04T15:30+00:00") from None


USE_CASE = ("use_case", {"metavar": "USE_CASE", "help": "its name: see 'lifecycle list'"})
VERSION = ("version", {"metavar": "VERSION", "type": int, "nargs": "?", "help": "a model version; left out: the newest that this can be done with"})
MADE = ("version", {"metavar": "VERSION", "type": int, "help": "a registered model version"})
SOURCE_HELP = """in place of the use case's own source: a file or glob (CSV, JSON, Parquet, Excel, SQLite: 'book.xlsx?sheet=May'), an address
(https://, s3://, 'postgresql://user:${PASSWORD}@host/db?table=orders', 'sqlite://shop.db?table=orders'), SQL ('SELECT ... FROM ...'),
a generator's parameters ('rows=1000'), or a range of its own source: 'from=2024-01-01,until=2024-02-01'; see docs/sources.md"""
SOURCE = ("--source", {"metavar": "SOURCE", "help": " ".join(SOURCE_HELP.split())})
FRESH = ("--fresh", {"action": "store_true", "help": "run every stage again, whatever the cache holds"})
REASON = ("--reason", {"metavar": "TEXT", "default": "", "help": "why, for the ledger"})
OUT = ("--out", {"metavar": "FILE", "default": "", "help": "the file to write; left out: one under LIFECYCLE_HOME/reports, which is named"})
SHOWN = ("version", {"metavar": "VERSION", "type": int, "nargs": "?", "help": "a registered model version; left out: the champion"})
ONE_OR_ALL = ("use_case", {"metavar": "USE_CASE", "nargs": "?", "default": "", "help": "its name; left out: all"})
OFFSET = ("--port-offset", {"metavar": "N", "type": int, "default": 0, "help": "add N to every port: for a second stack beside this one"})
MODEL = ("--version", {"metavar": "V", "type": int, "help": "a registered model version"})
ANSWER = ("--prediction", {"metavar": "ID", "help": "the id of a prediction, by batch scoring or over HTTP: it came with the answer"})
BATCH = (
    "--batch",
    {"metavar": "N", "type": int, "help": "a batch, by its number in USE_CASE.batches: what was trained on its rows, and what that said"},
)
EXPORT = ("--export", {"metavar": "FILE", "help": "write the rows, as they came, to a CSV or Parquet file, to be repaired"})
RETRY = (
    "--retry",
    {"metavar": "FILE", "nargs": "?", "const": "", "help": "load the rows again: as they are, or from an exported FILE that was repaired"},
)
FILE = ("file", {"metavar": "FILE", "help": "CSV, Parquet, JSON, Excel, or an address: whatever 'lifecycle ingest --source' reads"})
ANSWERS = ("--out", {"metavar": "FILE", "help": "where the answers go: .csv, .parquet or .jsonl; left out: stdout, as CSV"})
ROW = ("--key", {"metavar": "K", "help": "the key of the row to be erased"})
ENTITY = ("--entity", {"metavar": "COLUMN=V", "help": "all rows with this value, as in CUSTOMER_ID=4711, and what was said of them"})
YES = ("--yes", {"action": "store_true", "help": "do not ask"})
DAYS = ("--days", {"metavar": "N", "type": int, "default": 60, "help": "how many days; 60 by default"})
SERVED = ("use_cases", {"metavar": "USE_CASE", "nargs": "*", "help": "which use cases; none named: all"})
HOST = ("--host", {"metavar": "HOST", "default": "127.0.0.1", "help": "the address to listen on; 0.0.0.0 for all"})
PORT = ("--port", {"metavar": "P", "type": int, "default": 8000, "help": "the port to listen on"})
OPEN = ("--open", {"action": "store_true", "help": "beyond this machine too, ask for no key where there is none"})
WORKERS = ("--workers", {"metavar": "N", "type": int, "default": 1, "help": "how many processes answer"})
BESIDE = ("--shadow", {"action": "store_true", "help": "ask the newest challenger too, unseen by the client: its answers are only logged"})
QUERY = ("query", {"metavar": "QUERY", "help": "DuckDB SQL; tables are USE_CASE.raw, .features, .predictions, .quarantine, ..."})
ACTION = ("action", {"choices": ("add", "list", "revoke", "forget"), "help": "make a key, list all, make one worthless, delete the revoked ones"})
NAME = ("name", {"metavar": "NAME", "nargs": "?", "help": "who uses the key"})

AT = ("--at", {"metavar": "TIME", "type": _moment, "help": "who was champion then: a day (its beginning), or a day and a clock"})

NEW = (
    ("name", {"metavar": "NAME", "help": "of the use case: lower-case letters, digits and _"}),
    ("source", {"metavar": "SOURCE", "help": "a file or glob (CSV, Parquet, JSON, ...), an address, or DuckDB SQL in quotes"}),
    ("--target", {"metavar": "COL", "help": "the column to predict"}),
    ("--title", {"metavar": "TEXT", "help": "what is asked, as readers of the page and the card see it; left out: made of the target"}),
    ("--problem", {"metavar": "P", "help": "binary, multiclass, regression, ...; left out: as the target's values say"}),
    ("--key", {"metavar": "C", "help": "the column that identifies a row"}),
    ("--time", {"metavar": "C", "help": "the column that says when a row happened: the newest rows judge"}),
    ("--order", {"metavar": "C", "help": "the column that says which row came first, where none says when: the last rows judge"}),
    ("--group", {"metavar": "C", "help": "the column whose rows belong together, such as a patient: never on both sides of the split"}),
    ("--text", {"metavar": "C", "action": "append", "help": "a column of free text; may be given more than once"}),
    ("--force", {"action": "store_true", "help": "write over a use case of this name"}),
)

ONE_OF: dict[str, tuple[str, ...]] = {"lineage": ("--version", "--prediction", "--batch"), "forget": ("--key", "--entity")}
"""Of a command's options those of which exactly one must be given."""

COMMANDS: dict[str, tuple[str, str, tuple[Argument, ...]]] = {
    "list": ("app.listing:use_cases", "the use cases, their problem, champion, last run", ()),
    "run": ("app.run:whole_loop", "the whole loop once, here: collect to monitor", (USE_CASE, SOURCE, FRESH)),
    "new": ("app.new:new", "write usecases/NAME.py and schemas/NAME.py from data, to be read and edited", NEW),
    "ingest": ("app.run:ingest", "collect and validate new data", (USE_CASE, SOURCE)),
    "train": ("app.run:train", "make a challenger from the data in the lake, and judge it", (USE_CASE, FRESH)),
    "score": ("app.run:score", "let the champion predict the rows it has not seen", (USE_CASE,)),
    "monitor": ("app.run:monitor", "compare the newest data with what the champion was trained on", (USE_CASE,)),
    "simulate": ("app.simulate:simulate", "the loop over the days of a simulated world, from an empty home", (USE_CASE, DAYS)),
    "predict": (
        "app.predict:predict",
        "the champion's answers for the rows of a file, as a file; nothing goes into the lake",
        (USE_CASE, FILE, ANSWERS),
    ),
    "serve": ("app.serve:serve", "the HTTP service: predictions of the champions", (SERVED, HOST, PORT, WORKERS, BESIDE, OPEN)),
    "history": ("app.listing:history", "the promotions ledger: what was decided, and why", (USE_CASE, AT)),
    "report": ("app.report:report", "the state of all models, or the story of one, as one HTML file", (ONE_OR_ALL, OUT)),
    "card": ("app.report:card", "the model card of a version with its plots, as one HTML file", (USE_CASE, SHOWN, OUT)),
    "promote": ("app.promotions:promote", "make a version the champion", (USE_CASE, VERSION, REASON)),
    "approve": ("app.promotions:approve", "approve a version that waits for a person", (USE_CASE, VERSION, REASON)),
    "reject": ("app.promotions:reject", "reject a version that waits for a person", (USE_CASE, VERSION, REASON)),
    "rollback": ("app.promotions:rollback", "return to the previous champion", (USE_CASE, VERSION, REASON)),
    "reproduce": ("app.reproduce:reproduce", "train a version again from its snapshot, code and seed, and compare", (USE_CASE, MADE)),
    "lineage": (
        "app.lineage:lineage",
        "from an answer back to its model, data and source batches; from a batch forward to what it reached",
        (USE_CASE, MODEL, ANSWER, BATCH),
    ),
    "quarantine": ("app.quarantine:quarantine", "the rows that were kept out, and why; export them, load them again", (USE_CASE, EXPORT, RETRY)),
    "forget": ("app.erasure:forget", "erase a person everywhere, with a receipt; asks first", (USE_CASE, ROW, ENTITY, YES)),
    "delete": ("app.erasure:delete", "delete a use case with its tables, models, runs, logs and cache; asks first", (USE_CASE, YES)),
    "keys": ("app.keys:keys", "who may call the HTTP service", (ACTION, NAME)),
    "sql": ("app.listing:sql", "read the lake", (QUERY,)),
    "doctor": ("app.doctor:doctor", "what is installed, reachable, out of step; the remedy for each", ()),
    "up": ("app.stack.up:up", "the local stack: PostgreSQL, Prefect, MLflow, a worker, all deployments, predictions over HTTP", (OFFSET,)),
    "open": ("app.stack.link:links", "the links to the running stack, which log a browser in", ()),
    "down": ("app.stack.down:down", "stop what runs under the home folder", ()),
}
