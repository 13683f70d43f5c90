"""The champion's answers for the rows of a file, as a file. Nothing goes into the lake, and nothing is logged."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import duckdb
import polars as pl

from lifecycle import history
from lifecycle.errors import LifecycleError
from lifecycle.predict import columns
from lifecycle.references import Reference
from lifecycle.serving.lake_watcher import older_of, warmed_up
from lifecycle.serving.predictor import NoChampion, Predictor
from lifecycle.settings import settings
from lifecycle.store import private
from lifecycle.table import file_rows, formulas
from lifecycle.table.feature_table import compute
from lifecycle.table.file_rows import REFUSED, Asked, FileRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifecycle.usecase import UseCase

CHUNK_ROWS = 100_000
"""Rows that are answered together. Of rows that look back, each sees those of its own lot and of the lots before it, as over HTTP."""
FORMATS: "dict[str, Callable[[pl.DataFrame, Path], object]]" = {
    ".csv": lambda frame, to: frame.write_csv(to),
    ".parquet": lambda frame, to: frame.write_parquet(to),
    ".jsonl": lambda frame, to: frame.write_ndjson(to),
    ".ndjson": lambda frame, to: frame.write_ndjson(to),
}
"""What a file of answers can be, by its ending."""
TAKEN = (".gz", ".zst", ".bz2", ".xz", ".zip")


class Answered(Reference):
    """Answers for the rows of a file: `rows = answered + refused`."""

    file: str
    """What was asked about, without secrets."""
    out: str = ""
    """Where the answers are; empty where they were only given back."""
    version: int
    rows: int
    answered: int
    refused: int
    refused_file: str = ""
    """The rows that were not answered, as they came, with the reason and the line; empty where there are none."""
    reasons: tuple[str, ...] = ()
    """One sentence for each column and rule that was broken, with the first line and value and how many there are, the most frequent first."""
    note: str = ""
    """That a spreadsheet would run some of the answers as formulas; empty where it would not."""


def predict_file(use_case: "UseCase", file: str, out: Path | None = None) -> tuple[Answered, pl.DataFrame]:
    """Answer the rows of a file, as HTTP and batch scoring would, and write them to another.

    Args:
        use_case: whose champion answers.
        file: CSV, Parquet, JSON or whatever else a source may be, with the columns that a request has; others are left out.
        out: a file that ends in .csv, .parquet, .jsonl or .ndjson; `None`: the answers are only given back.

    Returns:
        What was done, and the answers: `_row` (the place in the file, from 1), the columns that were asked for, those of the answer
        (`Kind.answer_schema`) and `model_version`, in the order of the file. Rows that break a rule of the schema are not among them; they lie beside it in a file
        `*.refused.csv`, with `_row`, `_line`, `_column`, `_check` and `_value`.

    Raises:
        LifecycleError: there is no champion, or it cannot be had; the file is not there or lacks a column; `out` cannot be written.
    """
    if out is not None:
        _writable(out, file)
    version = history.champion(use_case.name)
    if version is None:
        raise LifecycleError(str(NoChampion(use_case.name, "")))
    predictor = Predictor(use_case, older_of(settings(), use_case))
    asked = [Asked(column.name, column.optional, column.nullable) for column in predictor.reader.columns]
    with file_rows.opened(use_case, file, asked) as found:
        if predictor.recent is not None:
            warmed_up(predictor, settings())
        predictor.activate(predictor.load(version))
        said = [_said(predictor, frame) for frame in found.valid(CHUNK_ROWS)]
        answers = pl.concat(said) if said else pl.DataFrame()
        refused = _refused(found)
    beside = _beside(out, file)
    if out is not None:
        _write(answers, out)
    if not refused.is_empty():
        if str(beside) == file or (Path(file).exists() and beside.resolve() == Path(file).resolve()):
            raise LifecycleError(f"the rows that cannot be answered would be written over {file} itself; name another --out")
        _write(refused, beside)
    answered = Answered(
        use_case=use_case.name, file=found.name, out=str(out or ""), version=version.version, rows=found.rows, answered=answers.height,
        refused=refused.height, refused_file="" if refused.is_empty() else str(beside), reasons=_reasons(refused), note=_runnable(answers, out),
    )  # fmt: skip
    return answered, answers


def _said(predictor: Predictor, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with their answers."""
    use_case, served = predictor.use_case, predictor.served
    assert served is not None
    asked = frame.drop(file_rows.PLACE)
    cells = {name: asked[name].to_list() for name in asked.columns} if predictor.recent is not None else {}
    schema = {column.name: column.dtype for column in use_case.columns.all}
    if predictor.recent is not None:
        features = predictor.features(cells, remember=True) if asked.height else compute(use_case, pl.DataFrame(schema=schema))
    else:
        whole = [asked[name] if name in asked.columns else pl.repeat(None, asked.height, dtype=dtype, eager=True) for name, dtype in schema.items()]
        features = compute(use_case, pl.DataFrame([series.alias(name) for name, series in zip(schema, whole, strict=True)]))
    answers = columns(use_case, served.predict(features))
    own = [name for name in asked.columns if asked.schema[name] != pl.Binary and name not in answers.columns]
    return pl.concat([frame.select(file_rows.PLACE, *own), answers], how="horizontal").with_columns(
        pl.lit(served.number, pl.Int64).alias("model_version")
    )


def _refused(found: FileRows) -> pl.DataFrame:
    if not found.refused:
        return pl.DataFrame(schema=REFUSED)
    return pl.concat(found.refused, how="diagonal").sort(file_rows.PLACE, nulls_last=True, maintain_order=True)


def _reasons(refused: pl.DataFrame) -> tuple[str, ...]:
    """What is wrong, the most frequent first."""
    said: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in refused.select(*REFUSED).iter_rows(named=True):
        where = f"line {row['_line']}" if row["_line"] is not None else f"row {row['_row']}"
        parts = zip(*(str(row[name] or "").split("; ") for name in ("_column", "_check", "_value")), strict=False)
        for column, check, value in parts:
            said.setdefault((column, check), []).append((where, value))
    ordered = sorted(said.items(), key=lambda item: -len(item[1]))
    told = []
    for (column, check), places in ordered:
        where, value = places[0]
        more = f" ({len(places):,} such rows)" if len(places) > 1 else ""
        told.append(f"{where}: {repr(column) + ' ' if column else ''}must satisfy '{check}', found {value[:60]!r}{more}")
    return tuple(told)


def _writable(out: Path, file: str) -> None:
    if out.suffix.lower() not in FORMATS:
        raise LifecycleError(f"answers are written to a file that ends in {', '.join(FORMATS)}, found '{out.name}'; name another")
    if not out.parent.is_dir():
        raise LifecycleError(f"answers are written to a folder that is there, found no {out.parent}; make it, or name another file")
    if Path(file).exists() and out.resolve() == Path(file).resolve():
        raise LifecycleError(f"answers would be written over {file} itself; name another --out")


def _write(frame: pl.DataFrame, to: Path) -> None:
    """Whole or not at all."""
    arriving = to.with_name(f".{to.name}.arriving")
    try:
        FORMATS[to.suffix.lower()](frame, arriving)
        private.handed_over(arriving).replace(to)
    except (OSError, pl.exceptions.PolarsError) as error:
        arriving.unlink(missing_ok=True)
        raise LifecycleError(f"the file {to} cannot be written ({' '.join(str(error).split())}); name another") from error


def _beside(out: Path | None, file: str) -> Path:
    """Where the rows go that are not answered: beside the answers, or here where these are no file."""
    if out is not None:
        return out.with_name(f"{out.stem}.refused.csv")
    name = Path(urlsplit(file).path if "://" in file else file.partition("?")[0]).name
    while name.lower().endswith(TAKEN):
        name = Path(name).stem
    return Path(f"{Path(name).stem or 'rows'}.refused.csv")


def _runnable(answers: pl.DataFrame, out: Path | None) -> str:
    if out is not None and out.suffix.lower() != ".csv":
        return ""
    connection = duckdb.connect()
    connection.register("found", answers)
    return formulas.note(answers.columns, formulas.found(connection, "FROM found"))
