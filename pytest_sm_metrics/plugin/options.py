"""Options: settings and mode from ini options and the command line."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from ..accepted import one_of
from ..settings import SETTINGS, Setting, use_defaults
from . import reporting
from .failures import reported

MARKER = "sm_metrics"
EACH_FAULT = "sm_metrics_each_fault"
MODES = ("off", "block", "mock")
MODE = pytest.StashKey[str]()
"""The mode that holds between tests, and (of an item) during a test."""

_PREFIX = "sm_metrics_"
_MODE_SETTING = Setting("off", one_of(*MODES), "what happens to tests that do not ask for a mock")
_INI = {
    **{name: setting for name, setting in SETTINGS.items() if setting.ini_type},
    "mode": _MODE_SETTING,
}
_HOSTS = f"{_PREFIX}allowed_hosts"
_NOT_CONVERTED = object()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register an ini option for each setting, and the options of the mode."""
    _register_other_name(pluginmanager)
    for name, setting in _INI.items():
        ini_type: Any = setting.ini_type
        help_text = f"SageMaker Metrics: {setting.meaning}"
        parser.addini(_PREFIX + name, help_text, type=ini_type, default=None)
    parser.addini(
        _HOSTS,
        "SageMaker Metrics: hosts that calls may reach in mode block, beside loopback addresses",
        type="args",
        default=[],
    )
    group = parser.getgroup("sm_metrics", "Amazon SageMaker Metrics")
    group.addoption(
        "--sm-metrics-mode",
        choices=MODES,
        help="what happens to tests that do not ask for a mock: off (nothing), block (calls "
        "raise), mock (they run inside one)",
    )
    group.addoption(
        "--sm-metrics-report",
        action="append",
        metavar="FILE",
        help="write a report of the tests that used a mock: FILE ends in .html, .json or .md; may "
        "be given several times",
    )


def _register_other_name(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let `pytest_plugins` name the module too: pytest refuses a plugin under a second name."""
    for name in ("sm_metrics", "pytest_sm_metrics.plugin"):
        if not pluginmanager.is_blocked(name) and pluginmanager.get_plugin(name) is None:
            pluginmanager.register(object(), name)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Apply the mode before a conftest.py makes a call; `pytest_configure` reports a wrong one."""
    given = early_config.known_args_namespace.sm_metrics_mode
    _apply_mode(early_config, given or _early_mode(early_config))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Use the ini options as the default settings of all mocks."""
    config.addinivalue_line(
        "markers",
        "sm_metrics(**settings): settings of the fixture sm_metrics, and mode, for a test, a class "
        "or a module.",
    )
    config.addinivalue_line(
        "markers",
        f"{EACH_FAULT}(only, without, times, after, transient): run the test once for each "
        "way in which SageMaker Metrics can fail.",
    )
    try:
        given = _read_ini(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    mode = given.pop("mode", None)
    config.add_cleanup(use_defaults(given))
    if MODE not in config.stash:  # the plugin came with a conftest.py
        _apply_mode(config, config.getoption("--sm-metrics-mode") or mode)
    with reported(config, "prepared reports"):
        reporting.start(config)


def _apply_mode(config: pytest.Config, mode: str | None) -> None:
    config.stash[MODE] = mode or "off"
    if config.stash[MODE] != "off":
        from .blocking import block_session

        block_session(config)


def _early_mode(config: pytest.Config) -> str | None:
    try:
        mode = config.getini(f"{_PREFIX}mode")
    except Exception:  # `_read_ini` reports it
        return None
    return mode if mode in MODES else None


def _read_ini(config: pytest.Config) -> dict[str, Any]:
    """Return settings and mode of ini options; raise a ValueError that names all wrong ones."""
    wrong = list(_unknown_options(config))
    given: dict[str, Any] = {}
    for name, setting in _INI.items():
        value = _ini_value(config, name)
        if value is None:
            continue
        if setting.read and value is not _NOT_CONVERTED:
            value = setting.read(value)
        if not setting.accepts(value):
            written = _written(config)[_PREFIX + name]
            accepted = setting.accepted_as_text
            wrong.append(f"ini option {_PREFIX}{name} is {written!r}; accepted is {accepted}.")
        given[name] = value
    wrong += _wrong_hosts(config)
    if wrong:
        raise ValueError("\n".join(wrong))
    return given


def _wrong_hosts(config: pytest.Config) -> Iterator[str]:
    try:
        hosts: list[str] = config.getini(_HOSTS)
    except Exception:  # a value of another type in native TOML
        hosts = ["?"]
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:]+", host):
            written = _written(config)[_HOSTS]
            accepted = "host names in lower case, without scheme and port, as localstack"
            yield f"ini option {_HOSTS} is {written!r}; accepted are {accepted}."


def _ini_value(config: pytest.Config, name: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a later pytest refuses is refused here
            return config.getini(_PREFIX + name)
    except Exception:  # pytest could not convert it; the exception depends on its version
        return _NOT_CONVERTED


def _written(config: pytest.Config) -> dict[str, Any]:
    """Return the ini options of our prefix as they are written, command line over file."""
    in_file = getattr(config, "_inicfg", None)  # public, as `inicfg`, until pytest 9
    older: Any = config
    items = (older.inicfg if in_file is None else in_file).items()
    written = {name: getattr(value, "value", value) for name, value in items}
    given: list[str] = config.getoption("override_ini") or []
    overrides = dict(one.split("=", 1) for one in given if "=" in one)
    both = {**written, **overrides}
    return {name: value for name, value in both.items() if name.startswith(_PREFIX)}


def _unknown_options(config: pytest.Config) -> Iterator[str]:
    known = [*(_PREFIX + name for name in _INI), _HOSTS]
    for name, value in _written(config).items():
        if name in known or _is_known_to_pytest(config, name):
            continue
        if name == f"{_PREFIX}faults":
            hint = ": faults go into the marker or into mock_sm_metrics(faults=[...])."
        else:
            from ..wording import did_you_mean

            hint = f"{did_you_mean(name, known)} The options are: {', '.join(known)}."
        yield f"unknown ini option {name} = {value!r}{hint}"


def _is_known_to_pytest(config: pytest.Config, name: str) -> bool:
    try:
        config.getini(name)  # another plugin's
    except ValueError:
        return False
    return True
