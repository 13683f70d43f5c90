"""What a value is, as a hash: data by what it holds, code by what it does and all that it reaches, in whatever form it comes.

The machinery's code is told by its source (`code`), an installed package's by the package's version (`modules.distributions`). The
user's own is told by what is loaded: the byte code of a function, the values of the globals that it names, what its closure holds and its
defaults are; the methods and attributes of a class. Any other object is what pickle would write down of it. Where Python itself
cannot write an object down (an open file, a generator, a connection), nobody can tell whether it has changed.
"""

import copyreg
import dis
import hashlib
import logging
import re
import sys
import threading
import types
import weakref
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePath
from typing import Any

from lifecycle.dependencies import modules
from lifecycle.dependencies.code import code, edited
from lifecycle.dependencies.outline import WHOLE, outline

LONGEST_TEXT = 200
FILE_NAME = re.compile(r"[^\n\0]*[./][^\n\0]*")
LONGEST_NAME = 300
HARMLESS = (type(threading.Lock()), type(threading.RLock()), logging.Logger, weakref.ref, weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
"""What holds nothing, or nothing that an answer could depend on: locks, logs, memos that forget."""
BY_NAME = (types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType,
           types.MemberDescriptorType, types.MethodWrapperType)  # fmt: skip
DISPATCHER = "pandera.api.function_dispatch:Dispatcher"
"""A check that comes with Pandera, which learns the types it is for as it is used."""
UNTOLD = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType)
PLUMBING = frozenset({"__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__dataclass_fields__", "__dataclass_params__", "__match_args__",
                      "__orig_bases__", "__parameters__", "__abstractmethods__", "__firstlineno__", "__static_attributes__"})  # fmt: skip
"""Of a class: what follows from the rest of it."""
Constant = None | bool | int | float | complex | str | bytes


class Untold(Exception):
    """Of a value nobody can tell whether it has changed; the text says which and where."""


def told(*values: Any) -> str:
    """A hash over values that differs where they do, the same in every process.

    Raises:
        Untold: for one of them nothing can be told.
    """
    return steadily(*values)[0]


def steadily(*values: Any) -> tuple[str, bool]:
    """The hash, and whether it holds as long as the process lives: it does not where a file, or data at a module's top, is part of it."""
    telling = _Telling()
    total = hashlib.sha256()
    for line in telling.lines(values):
        total.update(line.encode("utf-8", "surrogatepass") + b"\0")
    return total.hexdigest(), telling.steady


class _Telling:
    """One way through a value and everything that it reaches: each function and class once, by a name of its own."""

    def __init__(self) -> None:
        self.named: dict[int, str] = {}
        self.waiting: list[tuple[str, Any]] = []
        self.inside: list[int] = []
        self.at = ""
        """The function or class that is being told: for the message."""
        self.alive: list[Any] = []
        """What was named: an id is one object's for as long as it lives."""
        self.steady = True

    def lines(self, values: Any) -> Iterator[str]:
        yield self.tell(values)
        while self.waiting:
            self.at, found = self.waiting.pop(0)
            yield self.at
            yield from self._function(found) if isinstance(found, types.FunctionType) else self._class(found)

    def tell(self, value: Any) -> str:
        """A value as a text, a hash where it would be long."""
        text = self._plain(value)
        if text is None:
            if id(value) in self.inside:
                return f"itself {len(self.inside) - self.inside.index(id(value))}"
            self.inside.append(id(value))
            try:
                text = self._composed(value)
            finally:
                self.inside.pop()
        return text if len(text) <= LONGEST_TEXT else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _plain(self, value: Any) -> str | None:
        """What needs no going into; `None` for anything else."""
        cls = type(value)
        if cls in (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented)):
            return f"{cls.__name__} {value!r}"
        if isinstance(value, types.FunctionType | type):
            return self._name(value)
        if isinstance(value, BY_NAME):
            held = getattr(value, "__self__", None)
            owner = "" if held is None or isinstance(held, types.ModuleType) else self.tell(held)
            return f"{getattr(value, '__module__', '')}:{value.__qualname__} {owner}"
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__}"
        if isinstance(value, HARMLESS):
            return cls.__name__
        if isinstance(value, UNTOLD):
            raise self._untold(value)
        return None

    def _composed(self, value: Any) -> str:
        if isinstance(value, types.CodeType):
            return "\n".join(self._code(value))
        if isinstance(value, types.MethodType):
            return f"method {self.tell(value.__func__)} {self.tell(value.__self__)}"
        if isinstance(value, partial):
            return f"{self.tell(type(value))} {self.tell((value.func, value.args, value.keywords))}"
        if isinstance(value, staticmethod | classmethod):
            return f"{type(value).__name__} {self.tell(value.__func__)}"
        if isinstance(value, property):
            return f"property {self.tell((value.fget, value.fset, value.fdel))}"
        if isinstance(value, types.MappingProxyType) or type(value) is dict:
            return f"dict {len(value)} {''.join(f'{self.tell(key)}: {self.tell(each)}, ' for key, each in value.items())}"
        if type(value) in (list, tuple):
            return f"{type(value).__name__} {len(value)} {''.join(f'{self.tell(each)}, ' for each in value)}"
        if type(value) in (set, frozenset):
            return f"{type(value).__name__} {len(value)} {', '.join(sorted(map(self.tell, value)))}"
        if isinstance(value, types.CellType):
            return f"cell {self.tell(value.cell_contents)}" if _filled(value) else "cell"
        if f"{type(value).__module__}:{type(value).__qualname__}" == DISPATCHER:
            given = [each for each in value._function_registry.values() if modules.side(str(getattr(each, "__module__", ""))) != "installed"]
            return f"check {value._name} {self.tell(given)}"
        if isinstance(value, PurePath):
            return f"path {value} {self._content(str(value), None)}"
        return self._object(value)

    def _object(self, value: Any) -> str:
        """An object as pickle sees it: its class, what it is made from, its state. A wrapper also by what it wraps."""
        wrapped = f"{self.tell(value.__wrapped__)} " if hasattr(value, "__wrapped__") else ""
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            made = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception as error:
            if wrapped:
                return f"{self.tell(type(value))} {wrapped}"
            raise self._untold(value) from error
        if isinstance(made, str):
            return f"{self.tell(type(value))} {wrapped}{getattr(value, '__module__', '')}:{made}"
        maker, given, *rest = made
        state, items, pairs = (*rest, None, None, None)[:3]
        content = (maker, given, state, None if items is None else list(items), None if pairs is None else list(pairs))
        return f"{self.tell(type(value))} {wrapped}{self.tell(content)}"

    def _name(self, value: Any) -> str:
        """A function or class by its name; what it is follows once. Two of one name are told apart."""
        known = self.named.get(id(value))
        if known:
            return known
        label = f"{value.__module__}:{value.__qualname__}"
        same = sum(each == label or each.startswith(f"{label} #") for each in self.named.values())
        self.named[id(value)] = label = f"{label} #{same}" if same else label
        self.alive.append(value)
        self.waiting.append((label, value))
        return label

    def _function(self, function: types.FunctionType) -> Iterator[str]:
        home = str(function.__globals__.get("__name__", ""))
        side = modules.side(home)
        if side == "machinery":
            yield _machinery(home, function.__qualname__)
        elif side == "own":
            yield from self._code(function.__code__)
            yield from self._globals(function)
        yield self.tell((function.__defaults__, function.__kwdefaults__, function.__dict__, function.__closure__))

    def _class(self, cls: type) -> Iterator[str]:
        side = modules.side(cls.__module__)
        if side == "machinery":
            yield _machinery(cls.__module__, cls.__qualname__)
        if side != "installed":
            yield self.tell((cls.__bases__, type(cls)))
        if side == "own":
            for name, value in vars(cls).items():
                if name in PLUMBING or (_dunder(name) and name != "__slots__" and not callable(value) and name != "__annotations__"):
                    continue  # what is made of it when it is first used
                yield f"{name} {self.tell(value)}"
            yield from self._annotations(vars(cls).get("__annotations__", {}), cls.__module__, vars(sys.modules.get(cls.__module__, types)))

    def _code(self, of: types.CodeType) -> Iterator[str]:
        """Byte code without its places: a comment, or a line more above it, is no change."""
        yield f"{of.co_name} {of.co_flags} {of.co_argcount} {of.co_posonlyargcount} {of.co_kwonlyargcount} {of.co_code.hex()}"
        yield f"{of.co_names} {of.co_varnames} {of.co_freevars} {of.co_cellvars} {getattr(of, 'co_exceptiontable', b'').hex()}"
        folder = Path(of.co_filename).parent
        for each in of.co_consts:
            yield self.tell(each)
            if isinstance(each, str):
                yield self._content(each, folder)

    def _globals(self, function: types.FunctionType) -> Iterator[str]:
        """What a function of the user's names beside its own: the values that these names have, and what it imports when it runs."""
        names, imported = _used(function.__code__)
        found = function.__globals__
        home = str(found.get("__name__", ""))
        for name in names:
            if name in found:
                yield f"{name} = {self._global(found[name], names, str(getattr(found[name], '__name__', '')), function)}"
        for module, name, level in imported:
            base = _absolute(home, found, module, level)
            yield f"import {base} {name} {self._imported(base, name, names, function)}"
        yield from self._annotations(function.__annotations__, home, found)

    def _global(self, value: Any, names: tuple[str, ...], module: str, function: types.FunctionType, depth: int = 0) -> str:
        """A value that a name stands for; of a module what is used of it, or all where that cannot be seen."""
        if not isinstance(value, types.ModuleType):
            text = self.tell(value)
            self.steady &= callable(value) or isinstance(value, Constant)
            return f"{text} {self._content(value, Path(function.__code__.co_filename).parent)}" if isinstance(value, str) else text
        if modules.side(module) == "installed" or depth > 5:
            return f"module {module}"
        used = [name for name in names if name in vars(value) and not _dunder(name)]
        if not used:
            return f"module {module} {code(module, WHOLE)}"
        inner = [(name, vars(value)[name]) for name in used if vars(value)[name] is not value]
        return f"module {module} " + ", ".join(
            f"{name} = {self._global(each, names, str(getattr(each, '__name__', '')), function, depth + 1)}" for name, each in inner
        )

    def _imported(self, module: str, name: str, names: tuple[str, ...], function: types.FunctionType) -> str:
        """What a function imports when it runs: as it is loaded, or by its source where it is not yet."""
        if modules.side(module) == "installed":
            return ""
        if modules.text(f"{module}.{name}") and name:
            module, name = f"{module}.{name}", ""
        loaded = sys.modules.get(module)
        if loaded is not None and modules.side(module) == "own":
            return self._global(getattr(loaded, name, loaded) if name else loaded, names, module, function)
        known = outline(module).definitions
        if not known:
            return ""
        wanted = [name] if name in known else [each for each in names if each in known and each != WHOLE]
        return " ".join(code(module, each) for each in wanted or [WHOLE])

    def _annotations(self, given: Any, home: str, found: dict[str, Any]) -> Iterator[str]:
        """Classes that stand in an annotation, also as a text: their methods are called on what comes."""
        for name, annotation in sorted(given.items()) if isinstance(given, dict) else ():
            if not isinstance(annotation, str):
                yield f"{name}: {self.tell(annotation)}"
                continue
            for part in sorted(set(re.findall(r"[A-Za-z_]\w*", annotation))):
                if isinstance(value := found.get(part), type | types.FunctionType):
                    yield f"{name}: {self.tell(value)}"
                else:
                    yield f"{name}: {part} {self._only_for_types(home, part)}"

    def _only_for_types(self, home: str, name: str) -> str:
        """A class that is imported for annotations alone: `if TYPE_CHECKING: from rates import Rates`."""
        from lifecycle.dependencies.code import absolute

        for one in outline(home).imports:
            if one[0] == name and one[2]:
                base = absolute(home, one)
                value = getattr(sys.modules.get(base), one[2], None)
                if isinstance(value, type):
                    return self.tell(value)
                return code(base, one[2]) if modules.text(base) else ""
        return ""

    def _content(self, text: str, folder: Path | None) -> str:
        """The file that a text names, if it names one."""
        found = _content(text, folder)
        self.steady &= not found
        return found

    def _untold(self, value: Any) -> Untold:
        cls = type(value)
        name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
        return Untold(f"an object of type {name}" + (f", which {self.at} uses" if self.at else ""))


def _machinery(module: str, name: str) -> str:
    top = name.split(".")[0]
    if where := edited(module, top):
        raise Untold(f"code of {where}, whose file was written while this process ran")
    return code(module, top)


@lru_cache(maxsize=4096)
def _used(code: types.CodeType) -> tuple[tuple[str, ...], tuple[tuple[str, str, int], ...]]:
    """The names that a code uses, those of the functions in it included, and what it imports: module, name in it, level."""
    names: dict[str, None] = dict.fromkeys(code.co_names)
    imported: list[tuple[str, str, int]] = []
    steps = list(dis.get_instructions(code)) if any(each.isidentifier() or "." in each for each in code.co_names) else []
    for at, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            taken = [each.argval for each in steps[at + 1 :] if each.opname == "IMPORT_FROM"]
            given = steps[at - 1].argval or () if at >= 1 else ()
            level = steps[at - 2].argval if at >= 2 and isinstance(steps[at - 2].argval, int) else 0
            imported += [(step.argval, name, level) for name in given if name in taken or name == "*"] or [(step.argval, "", level)]
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            inner, more = _used(each)
            names.update(dict.fromkeys(inner))
            imported += more
    return tuple(names), tuple(dict.fromkeys(imported))


def _absolute(home: str, found: dict[str, Any], module: str, level: int) -> str:
    if not level:
        return module
    parts = str(found.get("__package__") or home.rpartition(".")[0]).split(".")
    parts = parts[: len(parts) - level + 1]
    return ".".join([*parts, *([module] if module else [])])


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _filled(cell: types.CellType) -> bool:
    """A variable that a function has not given a value yet leaves its cell empty."""
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _content(text: str, folder: Path | None) -> str:
    """A hash of the file that a text names, if it names one: beside the code, in the data folder, or from where the process runs."""
    if not text or len(text) > LONGEST_NAME or not FILE_NAME.fullmatch(text):
        return ""
    for place in _places(text, folder):
        try:
            if place.is_file():
                found = place.stat()
                return _hashed(place.resolve(), found.st_size, found.st_mtime_ns)
        except OSError:
            continue
    return ""


def _places(text: str, folder: Path | None) -> list[Path]:
    if Path(text).is_absolute():
        return [Path(text)]
    from lifecycle.settings import settings

    data = settings().data
    return [Path(text).absolute(), *([folder / text] if folder else []), *([data / text] if data else [])]


@lru_cache(maxsize=256)
def _hashed(place: Path, _size: int, _written: int) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
