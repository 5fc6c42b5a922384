"""Interception: mocks are activated and deactivated, and calls outside a mock are blocked.

Each step can be repeated: what an interruption (Ctrl-C) leaves half done, the next step completes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .active import ActiveMock, Refuse, active, sending
from .emitters import ensure_registered, register_once
from .moto import moto_is_on
from .retries import patch_retries
from .sending import patch_sending
from .sessions import default_session, patch_sessions, replace_default_session


def activate(record: ActiveMock) -> None:
    """Let a mock answer, until it is deactivated or another one is activated inside it."""
    try:
        with active.lock:
            register_once()
            patch_sessions(ensure_registered)
            if not active.stack:
                active.sessions_made.clear()  # those made while calls were blocked
            record.default_session, record.under_moto = default_session(), moto_is_on()
            inner = active.push(record)
            if inner:
                record.default_session = inner.default_session
                record.under_moto = inner.under_moto
            patch_retries()
    except BaseException:
        active.release_lock()
        deactivate(record.mock)
        raise


def deactivate(mock: object) -> bool:
    """Deactivate a mock, wherever it stands in the stack. Return True if it was active."""
    record = active.find(mock)
    try:
        _deactivate(mock)
        _end(record)
    except BaseException:
        active.release_lock()
        _deactivate(mock)
        _end(record)
        raise
    active.release_lock()
    return record is not None


def _end(record: ActiveMock | None) -> None:
    if record is not None and record.end is not None:
        end, record.end = record.end, None
        end()


def _deactivate(mock: object) -> None:
    with active.lock:
        record = active.find(mock)
        if record is not None:
            record.quotas.restore_all()
            sending.set(sending.get()._replace(context=None))
            for later in active.inside(record):
                later.default_session, later.under_moto = record.default_session, record.under_moto
            is_ours = record.under_moto == moto_is_on()
            replace_default_session(record.default_session if is_ours else None)
            active.remove(record)
        _restore()


def block(refuse: Refuse | None, allowed_hosts: Iterable[str] = ()) -> Callable[[], None]:
    """Block calls outside a mock: they raise what `refuse` builds; None: let them pass.

    Return a function that restores the present state. What never leaves the machine passes: what
    a Stubber, moto, a cassette or another handler answers, and loopback endpoints; and so do calls
    to the allowed hosts.
    """
    before = active.refuse, active.allowed_hosts
    _block(refuse, frozenset(allowed_hosts))
    return lambda: _block(*before)


def _block(refuse: Refuse | None, allowed_hosts: frozenset[str]) -> None:
    with active.lock:
        active.refuse, active.allowed_hosts = refuse, allowed_hosts
        if refuse is not None:
            register_once()
            patch_sessions(ensure_registered)
            patch_sending()
        _restore()


def _restore() -> None:
    if active.refuse is None:
        active.sending.restore()
    if not active.stack:
        active.retries.restore()
        if active.refuse is None:
            active.sessions.restore()
