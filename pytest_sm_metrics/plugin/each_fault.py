"""The marker `sm_metrics_each_fault`: one test becomes a test for each failure of the service."""

from __future__ import annotations

import functools
import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from .options import EACH_FAULT, MARKER


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test function that has the marker."""
    mark = metafunc.definition.get_closest_marker(EACH_FAULT)
    if mark is None:
        return
    names: list[str] = metafunc.fixturenames
    names.append("_sm_metrics_fault")
    faults = [
        pytest.param(fault, id=fault.name, marks=_settings(fault))
        for fault in _faults(metafunc.definition, mark)
    ]
    metafunc.parametrize("_sm_metrics_fault", faults)


def _settings(fault: Any) -> pytest.MarkDecorator:
    """Return the marker that puts a fault in force."""
    mark: pytest.MarkDecorator = getattr(pytest.mark, MARKER)(faults=[fault])
    return mark


def _faults(node: Any, mark: Any) -> list[Any]:
    """Return the templates that a marker asks for; fail the collection if it is wrong."""
    from ..sweeps.failure_modes import every_fault

    keywords = [f"{name}={value!r}" for name, value in mark.kwargs.items()]
    shown = f"@pytest.mark.{EACH_FAULT}({', '.join([*map(repr, mark.args), *keywords])})"
    try:
        if mark.args:
            raise TypeError("it takes only, without, times, after and transient as keywords.")
        return every_fault(**mark.kwargs)
    except (TypeError, ValueError) as error:
        raise pytest.Collector.CollectError(f"{node.nodeid}: {shown}: {error}") from None


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Give a test case of unittest a method for each failure: pytest does not parametrize it."""
    made = yield
    unittest: Any = sys.modules.get("unittest")
    case = getattr(made, "obj", None) if isinstance(made, pytest.Class) else None
    if unittest and isinstance(case, type) and issubclass(case, unittest.TestCase):
        made.obj = _with_each_fault(made, case)
    return made


def _with_each_fault(node: Any, case: Any) -> Any:
    """Return a subclass whose marked methods are replaced by one for each failure."""
    methods: dict[str, Any] = {}
    for name in [name for name in dir(case) if name.startswith("test")]:
        method = getattr(case, name)
        mark = _closest_mark(node, case, method)
        if callable(method) and mark is not None:
            methods[name] = None  # no test any more
            for fault in _faults(node, mark):
                methods[f"{name}[{fault.name}]"] = _with_fault(method, fault)
    if not methods:
        return case
    names = {name: getattr(case, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(case)(case.__name__, (case,), {**names, **methods})


def _closest_mark(node: Any, case: Any, method: Any) -> Any:
    """Return the marker of a method, of its class, or of a node around them."""
    for marked in (method, case):
        for mark in getattr(marked, "pytestmark", ()):
            if mark.name == EACH_FAULT:
                return mark
    return node.get_closest_marker(EACH_FAULT)


def _with_fault(method: Any, fault: Any) -> Any:
    """Return a method that runs with a fault in force."""

    @functools.wraps(method)
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return method(*args, **kwargs)

    marks: list[Any] = [*getattr(method, "pytestmark", ()), _settings(fault).mark]
    vars(run)["pytestmark"] = marks
    return run


def why_it_proves_nothing(item: Any) -> str | None:
    """Return why a test with the marker is to be skipped: its failure never happened."""
    if item.get_closest_marker(EACH_FAULT) is None:
        return None
    from ..aws.active import active
    from ..wording import counted

    for fault in _faults_in_force(item):
        for record in active.of_this_test():
            added = [one for one in record.service.injection.added if one.name == fault.name]
            if added and not any(one.has_fired for one in added):
                calls = len(record.service.calls) - record.calls_before_test
                return f"{fault.name} never happened: the test made {counted(calls, 'call')}"
    return None


def _faults_in_force(item: Any) -> Iterator[Any]:
    for mark in item.iter_markers(MARKER):
        yield from (fault for fault in mark.kwargs.get("faults", ()) if getattr(fault, "name", ""))
