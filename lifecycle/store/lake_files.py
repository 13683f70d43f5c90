"""The files behind the lake's tables, of every version of it, and how rows are taken out of them for good.

DuckLake keeps what was deleted for as long as a version needs it. Here rows leave all versions at once: a file is written again without
them, and the catalogue (https://ducklake.select/docs/stable/specification/tables/overview) is told in one transaction where it is now, how many
rows it has and what their least and greatest values are. The versions keep their numbers, and read as before but for these rows.
Whoever does this holds the locks of all that deletes, replaces or merges rows.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lifecycle.errors import LifecycleError
from lifecycle.store import objects
from lifecycle.store.lake import Lake, literal, quoted

if TYPE_CHECKING:
    import psycopg

FILES = """SELECT f.data_file_id, t.table_id, t.table_name, f.begin_snapshot, f.end_snapshot, f.path, f.path_is_relative,
    t.path, t.path_is_relative, s.path, s.path_is_relative
    FROM ducklake_data_file f JOIN ducklake_table t USING (table_id) JOIN ducklake_schema s USING (schema_id)
    WHERE s.schema_name = %s ORDER BY f.data_file_id"""
TABLES = """SELECT DISTINCT t.table_id, t.table_name FROM ducklake_table t JOIN ducklake_schema s USING (schema_id)
    WHERE s.schema_name = %s ORDER BY 1"""
DELETES = "SELECT delete_file_id, path, path_is_relative, format FROM ducklake_delete_file WHERE data_file_id = %s"
SCHEDULE = """INSERT INTO ducklake_files_scheduled_for_deletion (data_file_id, path, path_is_relative, schedule_start)
    VALUES (%s, %s, false, now())"""
CLEANUP = "SELECT path FROM ducklake_cleanup_old_files('lake', cleanup_all => true)"


@dataclass(frozen=True)
class LakeFile:
    """A Parquet file that versions of a table rest on."""

    id: int
    table_id: int
    table: str
    begin: int
    end: int | None
    """The versions that it is part of: from the first, up to the second (`None`: still)."""
    path: str
    folder: str
    """Of its table, with a slash at the end."""

    @property
    def rows(self) -> str:
        """SQL for its rows, with their places in it, from 0, as `_at`."""
        return f"(SELECT *, file_row_number AS _at FROM read_parquet({literal(self.path)}, file_row_number = true))"


@dataclass(frozen=True)
class InlinedRows:
    """Rows that the catalogue itself holds: too few for a file."""

    name: str
    table_id: int
    table: str


def files(connection: "psycopg.Connection[Any]", storage: str, use_case: str) -> list[LakeFile]:
    """All files of a use case's tables, those of older versions included."""
    found = []
    for row in connection.execute(FILES, [use_case]).fetchall():
        id, table_id, table, begin, end, path, relative, of_table, table_relative, of_schema, schema_relative = row
        folder = f"{storage}/{of_schema}" if schema_relative else of_schema
        folder = f"{folder}{of_table}" if table_relative else of_table
        found.append(LakeFile(id, table_id, table, begin, end, f"{folder}{path}" if relative else path, folder))
    return list({each.id: each for each in found}.values())


def inlined(connection: "psycopg.Connection[Any]", use_case: str) -> list[InlinedRows]:
    """Where the catalogue itself holds rows of a use case's tables."""
    tables = dict(connection.execute(TABLES, [use_case]).fetchall())
    rows = connection.execute("SELECT table_id, table_name FROM ducklake_inlined_data_tables").fetchall()
    return [InlinedRows(name, table_id, tables[table_id]) for table_id, name in rows if table_id in tables]


def rewrite(store: Lake, connection: "psycopg.Connection[Any]", file: LakeFile, gone: Sequence[int]) -> None:
    """Let a file go on without the rows at these places, in every version; what it was is deleted by the next `clean`."""
    schema, left = _without(file, gone)
    made = f"{file.folder}ducklake-{uuid.uuid4()}.parquet" if left else ""
    footer, size = _write(schema, left, made) if left else (0, 0)
    stats = _stats(store, connection, file, made) if left else []
    deletes = [_shifted(file, each, gone, made) for each in connection.execute(DELETES, [file.id]).fetchall()] if left else []
    with connection.transaction():
        connection.execute(SCHEDULE, [file.id, file.path])
        now = sum(part.num_rows for part in left)
        if left:
            connection.execute(
                "UPDATE ducklake_data_file SET path = %s, path_is_relative = true, record_count = %s, file_size_bytes = %s, footer_size = %s"
                " WHERE data_file_id = %s",
                [made.removeprefix(file.folder), now, size, footer, file.id],
            )
            for column, count, nulls, least, most in stats:
                connection.execute(
                    "UPDATE ducklake_file_column_stats SET value_count = %s, null_count = %s, min_value = %s, max_value = %s"
                    " WHERE data_file_id = %s AND column_id = %s",
                    [count, nulls, least, most, file.id, column],
                )
            for id, old, new, rows, bytes_, foot in deletes:
                connection.execute(SCHEDULE, [id, old])
                if rows:
                    connection.execute(
                        "UPDATE ducklake_delete_file SET path = %s, path_is_relative = true, delete_count = %s, file_size_bytes = %s, footer_size = %s"
                        " WHERE delete_file_id = %s",
                        [new.removeprefix(file.folder), rows, bytes_, foot, id],
                    )
                else:
                    connection.execute("DELETE FROM ducklake_delete_file WHERE delete_file_id = %s", [id])
        else:
            for id, path, relative, _ in connection.execute(DELETES, [file.id]).fetchall():
                connection.execute(SCHEDULE, [id, f"{file.folder}{path}" if relative else path])
            for table in ("ducklake_data_file", "ducklake_file_column_stats", "ducklake_delete_file", "ducklake_file_partition_value"):
                connection.execute(f"DELETE FROM {table} WHERE data_file_id = %s", [file.id])  # pyright: ignore[reportArgumentType, reportCallIssue]
        _shift_inlined(connection, file, gone)
        if file.end is None:
            connection.execute(
                "UPDATE ducklake_table_stats SET record_count = greatest(record_count - %s, 0) WHERE table_id = %s", [len(gone), file.table_id]
            )


def _shift_inlined(connection: "psycopg.Connection[Any]", file: LakeFile, gone: Sequence[int]) -> None:
    """The same for the deleted places that the catalogue itself holds, for they are few."""
    table = f"ducklake_inlined_delete_{file.table_id}"
    if not connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchall()[0][0]:
        return
    known = connection.execute(f"SELECT row_id, begin_snapshot FROM {table} WHERE file_id = %s", [file.id]).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]
    connection.execute(f"DELETE FROM {table} WHERE file_id = %s", [file.id])  # pyright: ignore[reportArgumentType, reportCallIssue]
    out = np.asarray(sorted(gone))
    for place, since in known:
        if place not in gone:
            moved = place - int(np.searchsorted(out, place))
            connection.execute(f"INSERT INTO {table} (file_id, row_id, begin_snapshot) VALUES (%s, %s, %s)", [file.id, moved, since])  # pyright: ignore[reportArgumentType, reportCallIssue]


def drop(connection: "psycopg.Connection[Any]", storage: str, use_case: str) -> int:
    """Let nothing remain of a use case's tables, which are dropped already, in any version. Returns how many files are scheduled for deletion."""
    found, tables = files(connection, storage, use_case), [row[0] for row in connection.execute(TABLES, [use_case]).fetchall()]
    with connection.transaction():
        for file in found:
            connection.execute(SCHEDULE, [file.id, file.path])
            for id, path, relative, _ in connection.execute(DELETES, [file.id]).fetchall():
                connection.execute(SCHEDULE, [id, f"{file.folder}{path}" if relative else path])
        for table in (
            "ducklake_data_file",
            "ducklake_file_column_stats",
            "ducklake_delete_file",
            "ducklake_table_stats",
            "ducklake_table_column_stats",
        ):
            connection.execute(f"DELETE FROM {table} WHERE table_id = ANY(%s)", [tables])  # pyright: ignore[reportArgumentType, reportCallIssue]
        for rows in inlined(connection, use_case):
            connection.execute(f"DELETE FROM {quoted(rows.name)}")  # pyright: ignore[reportArgumentType, reportCallIssue]
        for table in tables:
            if connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"ducklake_inlined_delete_{table}"]).fetchall()[0][0]:
                connection.execute(f"DELETE FROM ducklake_inlined_delete_{table}")  # pyright: ignore[reportArgumentType, reportCallIssue]
    return len(found)


def clean(store: Lake) -> int:
    """Delete the files that nothing refers to any more. Returns how many."""
    return len(store.rows(CLEANUP))


def forget_bounds(connection: "psycopg.Connection[Any]", use_case: str, values: Sequence[str], pattern: str = "") -> None:
    """Forget the least and the greatest value of a column where it is one of these, or fits a pattern; they only make reading faster."""
    tables = [row[0] for row in connection.execute(TABLES, [use_case]).fetchall()]
    for bound in ("min_value", "max_value"):
        for table in ("ducklake_table_column_stats", "ducklake_file_column_stats"):
            fits = f"OR {bound} ~ %s" if pattern else ""
            connection.execute(
                f"UPDATE {table} SET {bound} = NULL WHERE table_id = ANY(%s) AND ({bound} = ANY(%s) {fits})",  # pyright: ignore[reportArgumentType, reportCallIssue]
                [tables, list(values), *([pattern] if pattern else [])],
            )


def _without(file: LakeFile, gone: Sequence[int]) -> tuple[Any, list[Any]]:
    """The schema of a file, and its row groups without the rows at these places."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    store, place = objects.opened(file.path)
    with store.open_input_file(place) as stream:
        opened = pq.ParquetFile(stream)
        places, first, left = np.asarray(sorted(gone)), 0, []
        for batch in opened.iter_batches(batch_size=200_000):
            keep = np.ones(batch.num_rows, dtype=bool)
            keep[places[(places >= first) & (places < first + batch.num_rows)] - first] = False
            first += batch.num_rows
            if keep.any():
                left.append(batch.filter(pa.array(keep)))
        return opened.schema_arrow, left


def _write(schema: Any, parts: Sequence[Any], to: str) -> tuple[int, int]:
    """Write a file with the columns' numbers, by which the catalogue knows them. Returns the bytes of its footer and of all of it."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    with pq.ParquetWriter(out, schema, compression="snappy", store_schema=False) as writer:
        for part in parts:
            writer.write_table(pa.Table.from_batches([part], schema))
    content = out.getvalue()
    objects.write(to, content)
    return int.from_bytes(content[-8:-4], "little"), len(content)


def _stats(store: Lake, connection: "psycopg.Connection[Any]", file: LakeFile, made: str) -> Iterator[tuple[Any, ...]] | list[tuple[Any, ...]]:
    """The statistics of the columns that the catalogue has some of: column, values, nulls, least and greatest."""
    known = connection.execute(
        "SELECT column_id, min_value IS NOT NULL FROM ducklake_file_column_stats WHERE data_file_id = %s", [file.id]
    ).fetchall()
    named = dict(store.rows(f"SELECT field_id, name FROM parquet_schema({literal(made)}) WHERE field_id IS NOT NULL AND num_children IS NULL"))
    top = {name for name, *_ in store.rows(f"DESCRIBE SELECT * FROM read_parquet({literal(made)})")}
    found = []
    for column, bounded in known:
        name = named.get(column)
        if name is None or name not in top:
            continue
        bounds = f"min({quoted(name)})::VARCHAR, max({quoted(name)})::VARCHAR" if bounded else "NULL, NULL"
        values, nulls, least, most = store.rows(f"SELECT count(*), count(*) - count({quoted(name)}), {bounds} FROM read_parquet({literal(made)})")[0]
        found.append((column, values, nulls, least, most))
    return found


def _shifted(file: LakeFile, delete: tuple[Any, ...], gone: Sequence[int], made: str) -> tuple[Any, ...]:
    """A file of deleted places, by the places that rows have now: its number, where it was and is, its rows, its bytes and its footer's."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    id, path, relative, form = delete
    if form != "parquet":
        raise LifecycleError(
            f"the lake's file {path} says in the format '{form}' which rows are deleted, which cannot be written; merge it first: run 'maintain'"
        )
    old = f"{file.folder}{path}" if relative else path
    store, place = objects.opened(old)
    with store.open_input_file(place) as stream:
        table = pq.ParquetFile(stream).read()
    places, out = table["pos"].to_numpy(), np.asarray(sorted(gone))
    keep = ~np.isin(places, out)
    left = table.filter(pa.array(keep))
    moved = places[keep] - np.searchsorted(out, places[keep])
    if not left.num_rows:
        return id, old, "", 0, 0, 0
    at = left.schema.get_field_index("pos")
    left = left.set_column(at, left.schema.field(at), pa.array(moved, left.schema.field(at).type))
    at = left.schema.get_field_index("file_path")
    left = left.set_column(at, left.schema.field(at), pa.array([made] * left.num_rows, left.schema.field(at).type))
    new = f"{file.folder}ducklake-{uuid.uuid4()}-delete.parquet"
    footer, size = _write(left.schema, left.combine_chunks().to_batches(), new)
    return id, old, new, left.num_rows, size, footer
