"""How stages run under Prefect: what is retried, what is cached, for how long. All the numbers are on this page."""

import functools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.tasks import exponential_backoff
from prefect.transactions import IsolationLevel, get_transaction

from lifecycle import faults, registry
from lifecycle.dependencies import answers
from lifecycle.dependencies.answers import Question
from lifecycle.dependencies.watched import notes, watched
from lifecycle.errors import DataError, LifecycleError
from lifecycle.progress import emit
from lifecycle.references import Reference, Snapshot
from lifecycle.store.lake import lake
from tasks.locks import PostgresLocks
from tasks.outcome import outcome, tell
from tasks.progress import shown_progress

if TYPE_CHECKING:
    from lifecycle.usecase import UseCase

R = TypeVar("R", bound=Reference)

RETRIES = 3
BACKOFF = exponential_backoff(backoff_factor=2)  # 2, 4, 8 seconds
JITTER = 0.5
TIMEOUT = timedelta(hours=6)
KEPT_FOR = timedelta(days=90)
"""A cached reference older than this is made anew."""
OUTAGES = ("OperationalError", "InterfaceError", "IOException", "TransactionException", "ConnectionException", "HTTPException", "RestException")
"""Names of the exceptions by which databases, stores and networks say that they are away; OSError of the network beside them."""


def stage(
    function: Callable[..., R],
    *,
    also: Callable[..., str | None] | None = None,
    show: Sequence[Callable[[R], None]] = (),
    refused: Callable[[str, str], None] | None = None,
) -> Task[..., R]:
    """A stage as a task: retried on outages, and answered from the cache when nothing that it depends on has changed.

    Args:
        function: the plain stage, `function(use_case, *references) -> reference`.
        also: what it depends on beside its code, the definition and its inputs; `None` says that nothing can tell, so it always runs.
        show: publish what a person wants to see of the result, and tell whoever listens.
        refused: is told the use case and the reason where the data is refused.
    """
    name = function.__name__
    questions: dict[str, Question] = {}

    def key(context: TaskRunContext, given: dict[str, Any]) -> str | None:
        question = asked(function, also, registry.find(given["use_case"]), given["inputs"])
        if question is None:
            return None
        questions[question.key] = question
        return question.key

    def run(use_case: str, *inputs: Any) -> R:
        emit(name, "start")
        lake().renew()  # nothing that an outage left behind meets a stage, or its next attempt
        definition = watched(registry.find(use_case))
        try:
            with shown_progress(use_case, name):
                result = function(definition, *inputs)
        except DataError as error:
            if refused:
                refused(use_case, str(error))
            raise
        transaction = get_transaction()
        key = (transaction and transaction.key) or ""
        if not isinstance(result, Snapshot):  # a snapshot is named by its rows, whatever way they came
            result = result.model_copy(update={"key": key})
        if key in questions and (why := answers.keep(questions.pop(key), notes(definition))):  # before the answer is there to be found
            emit(name, "note", why)
        for publish in show:
            publish(result)
        tell(outcome(result) or f"{name} is done")
        return result

    run.__doc__ = function.__doc__
    return Task(
        run,
        name=name,
        task_run_name=name,
        cache_policy=CachePolicy.from_cache_key_fn(key).configure(isolation_level=IsolationLevel.SERIALIZABLE, lock_manager=PostgresLocks()),
        cache_expiration=KEPT_FOR,
        persist_result=True,
        result_serializer="json",
        retries=RETRIES,
        retry_delay_seconds=BACKOFF,
        retry_jitter_factor=JITTER,
        retry_condition_fn=can_help,
        timeout_seconds=TIMEOUT.total_seconds(),
    )


def retried(function: Callable[..., Any]) -> Task[..., Any]:
    """A task that touches the world and is never answered from the cache; outages are waited out. Its outcome is one sentence in its log."""

    @functools.wraps(function)
    def run(*given: Any, **named: Any) -> Any:
        result = function(*given, **named)
        tell(outcome(result) or f"{function.__name__} is done")
        return result

    return Task(
        run,
        name=function.__name__,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=RETRIES,
        retry_delay_seconds=BACKOFF,
        retry_jitter_factor=JITTER,
        retry_condition_fn=can_help,
        timeout_seconds=TIMEOUT.total_seconds(),
    )


def asked(function: Callable[..., Any], also: Callable[..., str | None] | None, definition: "UseCase", inputs: Sequence[Any]) -> Question | None:
    """What a stage is asked: its code and the definition's, the lake, what it is given, every library's version."""
    more = also(definition, *inputs) if also else ""
    if more is None:
        return None
    given = [value.key or value.model_dump_json() if isinstance(value, Reference) else repr(value) for value in inputs]
    return answers.ask(function, definition, more, *given)


def can_help(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: after an outage it can, after a mistake it cannot."""
    try:
        state.result()
    except LifecycleError:
        return False
    except Exception as error:
        names = {cls.__name__ for cls in type(error).__mro__}
        return isinstance(error, ConnectionError | TimeoutError) or bool(names & set(OUTAGES)) or faults.away(error)
    return False
