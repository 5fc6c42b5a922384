"""Interception: mocks are activated and deactivated, and calls outside a mock are blocked."""

from __future__ import annotations

from collections.abc import Callable

from .active import ActiveMock, Refuse, active, sending
from .emitters import ensure_registered, register_once
from .handlers import moto_is_on
from .retries import patch_retries
from .sessions import default_session, patch_sessions, replace_default_session


def activate(record: ActiveMock) -> None:
    """Let a mock answer, until it is deactivated or another one is activated inside it."""
    with active.lock:
        register_once()
        patch_sessions(ensure_registered)
        if not active.stack:
            active.sessions_made.clear()  # those made while calls were blocked
        record.default_session, record.under_moto = default_session(), moto_is_on()
        inner = active.push(record)
        if inner:
            record.default_session, record.under_moto = inner.default_session, inner.under_moto
        patch_retries()


def deactivate(mock: object) -> bool:
    """Deactivate a mock, wherever it stands in the stack. Return True if it was active."""
    with active.lock:
        record = active.find(mock)
        if record is None:
            return False
        for later in active.remove(record):
            later.default_session, later.under_moto = record.default_session, record.under_moto
        record.quotas.give_back()
        sending.set(sending.get()._replace(context=None))
        is_ours = record.under_moto == moto_is_on()
        replace_default_session(record.default_session if is_ours else None)
        _restore()
        return True


def block(refuse: Refuse | None) -> Callable[[], None]:
    """Block calls outside a mock: they raise what `refuse` builds; None: let them pass.

    Return a function that restores the present state. What never leaves the machine passes: what
    a Stubber, moto or another handler answers, and loopback endpoints.
    """
    before = active.refuse
    _set_refuse(refuse)
    return lambda: _set_refuse(before)


def _set_refuse(refuse: Refuse | None) -> None:
    with active.lock:
        active.refuse = refuse
        if refuse is not None:
            register_once()
            patch_sessions(ensure_registered)
        _restore()


def _restore() -> None:
    if not active.stack:
        active.retries.restore()
        if active.refuse is None:
            active.sessions.restore()
