"""The command line. Only the parser lives here; what a command needs is imported when it runs."""

import argparse
import atexit
import contextlib
import difflib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from app.commands import COMMANDS, ONE_OF
from app.terminal import in_utf8, shown, tell_waits
from lifecycle.errors import LifecycleError, Outage, UnknownUseCase
from lifecycle.faults import plain

if TYPE_CHECKING:
    from app.answer import Answer

DONE, FAILED, WRONG_USAGE = 0, 1, 2
SIGNALLED = {signal.SIGINT: ("interrupted", 130), signal.SIGTERM: ("terminated", 143)}

_code: list[int] = []
_received: list[int] = []


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, exit 2."""
        self.exit(WRONG_USAGE, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = Parser("lifecycle", description="Keeps machine-learning models alive.", epilog="Every command has --help.", allow_abbrev=False)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (does, text, arguments) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
        one_of = command.add_mutually_exclusive_group(required=True) if name in ONE_OF else command
        for flag, options in arguments:
            (one_of if flag in ONE_OF.get(name, ()) else command).add_argument(flag, **options)
        command.add_argument("--json", action="store_true", help="one JSON object as the last line of stdout; all else goes to stderr")
        command.add_argument("--debug", action="store_true", help="logs, and tracebacks of errors")
        command.set_defaults(does=does)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated.
    """
    if arguments is None:
        in_utf8()
        atexit.register(_leave)  # the first to be registered is the last to run
        gc.set_threshold(50_000, 20, 100)  # imports make many objects and no garbage: looking for it takes a fifth of their time
    _code.append(code := _run(list(sys.argv[1:] if arguments is None else arguments)))
    return code


def _run(given: Sequence[str]) -> int:
    whole = parser()
    if not given:
        whole.print_help()
        return DONE
    if not given[0].startswith("-") and given[0] not in COMMANDS:
        close = difflib.get_close_matches(given[0], COMMANDS, 1)
        hint = f"did you mean '{close[0]}'?" if close else "see 'lifecycle --help'"
        print(f"lifecycle: there is no command '{given[0]}'; {hint}", file=sys.stderr)
        return WRONG_USAGE
    return _answered(whole.parse_args(given))


def _answered(options: argparse.Namespace) -> int:
    for number in SIGNALLED:
        signal.signal(number, _signalled)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for the answer alone
            tell_waits()
            if not options.debug:
                _quiet()
            module, function = options.does.split(":")
            answer: Answer = getattr(importlib.import_module(module), function)(options)
        _show(answer, options.json)
        return answer.code
    except KeyboardInterrupt:
        return _failed(*_ended_by())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who read us has left: nothing to flush to
        return DONE
    except UnknownUseCase as error:
        return _failed(str(error), WRONG_USAGE, debug=options.debug)
    except (LifecycleError, Outage) as error:
        return _failed(str(error), debug=options.debug)
    except Exception as error:
        if _received or _terminated(error):  # a library made an error of its own out of the interruption
            return _failed(*_ended_by(signal.SIGTERM))
        told = plain(error)
        if told:
            return _failed(str(told), debug=options.debug)
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return _failed(f"unexpected {said[:500]}; run again with --debug for the traceback", debug=options.debug)


def _failed(why: str, code: int = FAILED, *, debug: bool = False) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    print(shown(f"lifecycle: {' '.join(why.split())}"), file=sys.stderr)
    return code


def _show(answer: "Answer", as_json: bool) -> None:
    for note in answer.notes:
        print(shown(note), file=sys.stderr)
    if as_json:
        from app.answer import to_json

        print(to_json(answer.data), flush=True)
    elif sys.stdout.isatty():
        from app.terminal import Safe, console

        console().print(Safe(answer.view))
    else:
        from app.answer import to_text

        for note in answer.beside:
            print(shown(note), file=sys.stderr)
        print(answer.plain if answer.plain is not None else to_text(answer.view), end="", flush=True)


def _quiet() -> None:
    """A library's warning is for who changes the code, not for who runs it."""
    import warnings

    warnings.filterwarnings("ignore")


def _leave() -> None:
    """End without taking hundreds of modules apart first, which takes a second; all that had to be closed is."""
    sys.stdout.flush()
    sys.stderr.flush()
    if _code:
        os._exit(_code[0])


def _signalled(number: int, frame: object) -> NoReturn:
    _received.append(number)
    raise KeyboardInterrupt


def _ended_by(number: int = signal.SIGINT) -> tuple[str, int]:
    """What is said, and the exit code, after a signal: that of the first one."""
    return SIGNALLED[signal.Signals(_received[0] if _received else number)]


def _terminated(error: BaseException) -> bool:
    """Whether an error came up while Prefect, which takes SIGTERM for itself while a flow runs, was ending the flow for it."""
    each: BaseException | None = error
    while each is not None:
        if type(each).__name__ == "TerminationSignal":
            return True
        each = each.__cause__ or each.__context__
    return False


if __name__ == "__main__":
    sys.exit(main())
