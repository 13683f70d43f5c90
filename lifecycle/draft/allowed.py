"""What the code of a draft may hold: imports, two constants, one function and one definition. All else is refused before it runs.

Whatever else is wrong with the writing of a draft, a file's header or cell that became code would be a statement, a name or a
call that is not listed here.
"""

import ast
from collections.abc import Iterator

import lifecycle
from lifecycle.errors import LifecycleError

MODULES = {("polars", "pl"), ("pandera.polars", "pa"), ("datetime", "dt")}
OURS = {"lifecycle": frozenset(lifecycle.__all__) - {"fetched"}, "schemas.roles": frozenset({"column"})}
"""What a draft may take from modules of ours: nothing that goes somewhere by itself."""
CONSTANTS = frozenset({"HEADER", "COLUMNS", "use_case"})
KNOWN = frozenset({"pl", "pa", "dt", "rows", "features", "int", "float", "str", "bool", "bytes", *CONSTANTS})
CALLED = frozenset({"col", "cast", "select", "epoch", "hour", "weekday", "month", "total_days", "date", "datetime"})
"""What may be called of a module, a frame or an expression."""
TAKEN = CALLED | {"dt", "String", "DataFrame", "DataFrameModel"}
PLAIN = (
    ast.Constant, ast.Tuple, ast.List, ast.UnaryOp, ast.USub, ast.BinOp, ast.Sub, ast.Load, ast.Store, ast.arguments, ast.arg, ast.Return, ast.alias,
    ast.Module,
)  # fmt: skip
"""Kinds of nodes that may stand anywhere."""


def check(name: str, use_case: str, schema: str, title: str) -> None:
    """Look through the two sources of a draft without running them; `title` is the schema's class.

    Raises:
        LifecycleError: they hold something that no draft does.
    """
    given = {f"schemas.{name}": frozenset({title})}
    for place, text in (("usecases", use_case), ("schemas", schema)):
        try:
            found = next(_strange(ast.parse(text), given), "")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            found = f"is no Python: {' '.join(str(error).split())[:200]}"
        if found:
            raise LifecycleError(
                f"the draft of '{name}' cannot be written safely ({place}/{name}.py {found}); nothing was run or written:"
                " rename the columns whose names hold code, and tell us"
            )


def _strange(tree: ast.Module, given: dict[str, frozenset[str]]) -> Iterator[str]:
    """What no draft holds."""
    imported = {each.asname or each.name for node in tree.body if isinstance(node, ast.ImportFrom) for each in node.names}
    titles = frozenset().union(*given.values())
    for statement in tree.body:
        if not _statement(statement, given, titles):
            yield f"has a strange statement in line {statement.lineno}"
    for node in ast.walk(tree):
        if not _node(node, imported | titles):
            yield f"has a strange {type(node).__name__} in line {getattr(node, 'lineno', 0)}"


def _statement(node: ast.stmt, given: dict[str, frozenset[str]], titles: frozenset[str]) -> bool:
    """Whether a statement at the top may stand there."""
    if isinstance(node, ast.Import):
        return all((each.name, each.asname) in MODULES for each in node.names)
    if isinstance(node, ast.ImportFrom):
        return not node.level and all(
            each.asname is None and each.name in (given.get(node.module or "") or OURS.get(node.module or "", ())) for each in node.names
        )
    if isinstance(node, ast.Assign):
        return all(isinstance(each, ast.Name) and each.id in CONSTANTS for each in node.targets)
    if isinstance(node, ast.FunctionDef):
        return node.name == "features" and not node.decorator_list and _body(node.body, ast.Return)
    if isinstance(node, ast.ClassDef):
        return node.name in titles and not node.decorator_list and not node.keywords and _body(node.body, ast.AnnAssign)
    return _said(node)


def _body(body: list[ast.stmt], kind: type[ast.stmt]) -> bool:
    return all(isinstance(each, kind) or _said(each) for each in body)


def _said(node: ast.stmt) -> bool:
    """Whether it is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _node(node: ast.AST, imported: set[str]) -> bool:
    """Whether a node may stand where a statement's kind is right already."""
    if isinstance(node, ast.Name):
        return node.id in KNOWN | imported if isinstance(node.ctx, ast.Load) else node.id.isidentifier() and not node.id.startswith("_")
    if isinstance(node, ast.Attribute):
        return node.attr in TAKEN
    if isinstance(node, ast.Call):
        called = node.func
        return called.id in imported if isinstance(called, ast.Name) else isinstance(called, ast.Attribute) and called.attr in CALLED
    if isinstance(node, ast.keyword):
        return node.arg is not None and not node.arg.startswith("_")
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.simple == 1
    return isinstance(node, (*PLAIN, ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.ClassDef, ast.Expr))
