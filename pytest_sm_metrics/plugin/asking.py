"""The mocks that a test asks for, and the order in which its fixtures are set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .fixtures import BLOCKED, MOCKS, SCOPES
from .options import MODE

if TYPE_CHECKING:
    from ..aws.active import ActiveMock


def mocks_used_by(item: Any, mode: str) -> set[str] | None:
    """Return the fixtures of mocks that a test asks for; None if it may ask for one later.

    `mode`: the mode of the test.
    """
    names: list[str] = getattr(item, "fixturenames", [])
    used = {name for name in MOCKS if uses(item, name)}
    if asks_for_ours(item, names):
        used.add("_sm_metrics_mock")
    if mode == "mock" and not used and BLOCKED not in names:
        used.add("_sm_metrics_mock")
    return None if not used and _may_ask_late(item) else used


def asks_for_ours(item: Any, names: list[str]) -> bool:
    """Return True if a test asks for `sm_metrics`, and no fixture of that name hides ours."""
    if "sm_metrics" not in names:
        return False
    on_top = _definitions(item, "sm_metrics")[1:]
    return all("sm_metrics" in definition.argnames for definition in on_top)


def _may_ask_late(item: Any) -> bool:
    """Return True if the test, or a fixture of a user, has `request`, which returns any fixture."""
    info = getattr(item, "_fixtureinfo", None)
    if "request" in getattr(info, "argnames", ()):
        return True
    known: dict[str, Any] = getattr(info, "name2fixturedefs", {})
    return any(
        "request" in definition.argnames
        and not definition.func.__module__.startswith(("_pytest.", "pytest_sm_metrics."))
        for definitions in known.values()
        for definition in definitions
    )


def hidden_mocks(item: Any) -> Callable[[ActiveMock], bool] | None:
    """Return what hides shared mocks from a test that does not use them and is to be blocked."""
    is_blocked = item.stash.get(MODE, "off") == "block"
    if not is_blocked and BLOCKED not in getattr(item, "fixturenames", ()):
        return None
    return lambda record: record.scope_rank > 1 and not uses(item, record.fixture)


def uses(item: Any, fixture: str) -> bool:
    """Return True if a test asks for a fixture, in its arguments or with `getfixturevalue`."""
    late = getattr(getattr(item, "_request", None), "_fixture_defs", {})
    return fixture in getattr(item, "fixturenames", ()) or fixture in late


def mocks_first(item: Any, needs_one: bool) -> None:
    """Put the mocks first among the fixtures of their scope, wherever they stand in the arguments.

    So they are on for the whole test: pytest sets fixtures up in the order of `fixturenames`,
    wider scopes first, and tears them down the other way round. `needs_one`: a test that asks for
    no mock gets one.
    """
    names: list[str] = item.fixturenames
    if "sm_metrics" in names:
        # Before pytest 9, `names` has not what a user's fixture of that name asks for.
        if "_sm_metrics_mock" not in names and asks_for_ours(item, names):
            names = ["_sm_metrics_mock", *names]
    elif needs_one and not MOCKS.intersection(names):
        names = ["_sm_metrics_mock", *names]
    first = {*MOCKS, BLOCKED}
    if first.intersection(names):
        item.fixturenames = sorted(
            names, key=lambda name: (SCOPES.index(scope_of(item, name)), name not in first)
        )


def _definitions(item: Any, name: str) -> Any:
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    if known.get(name):
        return known[name]
    return item.session._fixturemanager.getfixturedefs(name, item) or ()  # a hook has added it


def scope_of(item: Any, name: str) -> str:
    """Return the scope of a fixture."""
    definitions = _definitions(item, name)
    return definitions[-1].scope if definitions else "function"
