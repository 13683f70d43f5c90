"""Where rows come from: files, databases, a query, a Python function, or several of them joined; one file for each."""

from lifecycle.source import ByColumn, ByFile, File, Incremental, Source
from lifecycle.sources.files import Files
from lifecycle.sources.generated import Generated
from lifecycle.sources.image_files import Images
from lifecycle.sources.joined import Joined
from lifecycle.sources.postgres import Postgres
from lifecycle.sources.query import Query
from lifecycle.sources.sqlite import SQLite

__all__ = ["ByColumn", "ByFile", "File", "Files", "Generated", "Images", "Incremental", "Joined", "Postgres", "Query", "SQLite", "Source"]
