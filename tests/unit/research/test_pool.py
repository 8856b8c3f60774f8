"""The pool of long runs: an interrupt ends it, is never lost, and never hangs it (G7)."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from ballast.research.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def as_python_starts() -> Iterator[None]:
    """Have interrupts raise, whatever started the tests or ran before."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(_: int = 0) -> None:
    """Have Python raise what Ctrl-C raises, in the main thread, as soon as it may."""
    signal.raise_signal(signal.SIGINT)


def test_what_tasks_return_comes_back_and_what_they_raise_too() -> None:
    with Pool(2, "test") as pool:
        assert [pool.result(pool.submit(str, k)) for k in range(20)] == [str(k) for k in range(20)]
        with pytest.raises(ZeroDivisionError):
            pool.each(lambda k: 1 // k, [2, 1, 0])


def test_an_interrupt_is_raised_before_the_next_task_and_the_ones_that_wait_are_dropped() -> None:
    begun = threading.Event()
    go_on = threading.Event()
    done: list[int] = []

    def task(number: int) -> None:
        begun.set()
        assert go_on.wait(60)
        done.append(number)

    def submits_all() -> None:
        with Pool(1, "test") as pool:
            for number in range(3):
                pool.submit(task, number)
            assert begun.wait(60)
            interrupt()  # is noted, and not raised here
            go_on.set()
            pool.submit(task, 3)
            pytest.fail("the interrupt was not raised")

    with pytest.raises(KeyboardInterrupt):
        submits_all()
    assert done in ([0], [0, 1])  # the second may have begun before it was dropped
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_while_the_last_task_is_awaited_is_raised_after_it() -> None:
    def awaits_it() -> None:
        with Pool(1, "test") as pool:
            last = pool.submit(str, 1)
            interrupt()
            pool.result(last)
            pytest.fail("the interrupt was not raised")

    with pytest.raises(KeyboardInterrupt):
        awaits_it()


def test_an_interrupt_of_the_end_is_raised_once_the_threads_have_ended() -> None:
    def ends() -> None:
        with Pool(1, "test-end") as pool:
            pool.submit(str, 1)
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        ends()
    assert not [one for one in threading.enumerate() if one.name.startswith("test-end")]


def test_a_failure_is_not_hidden_by_an_interrupt() -> None:
    def fails() -> None:
        with Pool(1, "test"):
            interrupt()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()


def test_a_pool_inside_a_pool_leaves_interrupts_to_the_outer_one() -> None:
    def nests() -> None:
        with Pool(1, "outer") as outer:
            with Pool(1, "inner") as inner:
                interrupt()
                inner.each(str, [1, 2])
            outer.submit(str, 3)
            pytest.fail("the interrupt was not raised")

    with pytest.raises(KeyboardInterrupt):
        nests()


def test_in_another_thread_signals_stay_as_they_are() -> None:
    found: list[object] = []

    def runs() -> None:
        with Pool(1, "test") as pool:
            found.append(signal.getsignal(signal.SIGINT))
            found.append(pool.result(pool.submit(str, 1)))

    thread = threading.Thread(target=runs)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler, "1"]
