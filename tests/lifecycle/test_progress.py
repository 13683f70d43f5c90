from concurrent.futures import ThreadPoolExecutor

import pytest

from lifecycle.progress import emit, subscribe


def test_what_is_said_in_any_thread_is_heard_while_somebody_listens() -> None:
    heard: list[tuple[str, str, str]] = []
    emit("tune", "start")
    with subscribe(lambda *said: heard.append(said)), ThreadPoolExecutor(1) as pool:
        pool.submit(emit, "tune", "note", "trial 1 of 2").result()
        emit("tune", "done")
    emit("train", "start")
    assert heard == [("tune", "note", "trial 1 of 2"), ("tune", "done", "")]


def test_a_listener_leaves_when_its_block_fails() -> None:
    heard: list[str] = []
    with pytest.raises(ValueError, match="stop"), subscribe(lambda stage, event, text: heard.append(stage)):
        raise ValueError("stop")
    emit("train", "start")
    assert heard == []
