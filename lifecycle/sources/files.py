"""Files: CSV, JSON, Parquet, Excel, SQLite."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lifecycle.source import File, Incremental, Source

if TYPE_CHECKING:
    from lifecycle.reading.allowed import Places
    from lifecycle.reading.increments import New
    from lifecycle.reading.reader import Reader


def _inside(file: File) -> list[tuple[str, Any]]:
    """Where the table is in a file, as far as the definition says."""
    given = {"sheet": file.sheet, "table": file.table, "skip": file.skip, "range": file.range, "rows": file.rows}
    return [(name, value) for name, value in given.items() if value not in ("", None)]


@dataclass(frozen=True)
class Files(Source):
    """One or more files. `select` derives the schema's columns: SQL over the table `rows`."""

    files: tuple[File, ...]
    select: str = "FROM rows"
    incremental: Incremental | None = None
    says_missing: ClassVar[bool] = True

    def place(self) -> str:
        return ", ".join(file.path + "".join(f"?{name}={value}" for name, value in _inside(file)) for file in self.files)

    def read(self, reader: "Reader", new: "New") -> str:
        from lifecycle.reading import relations

        return relations.selected(
            " UNION ALL BY NAME ".join(part for file in self.files for part in relations.of_file(reader, file, new)), self.select
        )

    def named_files(self) -> tuple[File, ...]:
        return self.files

    def with_files(self, change: Callable[[File], File]) -> "Files":
        return replace(self, files=tuple(change(file) for file in self.files))

    def content_key(self) -> str | None:
        from lifecycle.reading import files

        return None if self.incremental else files.content_key(self.files)

    def texts(self) -> list[str]:
        return [self.select, *(text for file in self.files for text in (file.path, file.url, *file.headers.values()))]

    def values(self) -> Mapping[str, Any]:
        return {name: value for file in self.files for name, value in file.headers.items()}

    def hold(self, places: "Places", own: Source) -> None:
        for file in self.files:
            places.named_file(file)

    def described(self, code: Callable[[str], str]) -> str:
        return "files " + ", ".join(code(file.path) for file in self.files)
