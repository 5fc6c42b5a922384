"""Pages of the site that are made from other files. mkdocs calls the functions `on_...`.

They are the README, which is the home page, the other pages of the root, the API from docstrings,
and the sources that pages link to. On a site these links lead to pages, in a clone to the files.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

import pytest_sm_metrics

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
OF_ROOT = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
"""The pages of the root, with the names that they have on the site."""
API: dict[str, dict[str, str | None]] = {
    "Activation": {
        "mock_sm_metrics": None,
        "activation.activation.Activation": "start stop",
        "current": None,
        "plugin.fixtures.sm_metrics": None,
        "plugin.fixtures.sm_metrics_blocked": None,
        "UnmockedCallError": None,
    },
    "The mock": {"SageMakerMetricsMock": None},
    "What was recorded": {
        "TrialComponent": None,
        "MetricSeries": None,
        "Metric": None,
        "RejectedMetric": None,
        "Call": "operation trial_component region parameters response status_code error_code errors"
        " faults attempt invocation_id request_id user_agent timestamp thread_name process_id body",
    },
    "Faults": {
        "fail_metrics": None,
        "fail_calls": None,
        "fail_queries": None,
        "delay_calls": None,
        "faults.hold_calls": None,
        "Fault": "name hits matches remove",
        "service.faults.held_calls.HeldCalls": "wait",
    },
    "Failure sweeps": {
        "every_fault": None,
        "sweep": None,
        "Sweep": None,
        "sweeps.sweep.Case": None,
    },
    "CloudTrail": {
        "plugin.fixtures.sm_metrics_cloudtrail": None,
        "CloudTrail": None,
        "Trail": "name home_region s3_bucket s3_prefix advanced_event_selectors digests on_event"
        " is_logging events eventbridge_events deliver start_logging stop_logging",
    },
    "The server": {
        "plugin.fixtures.sm_metrics_server": None,
        "plugin.fixtures.sm_metrics_endpoint": None,
        "SageMakerMetricsServer": "url env",
    },
    "Rules": {
        "Rule": "id operation member constraint effect provenance source setting code",
        "RULES": None,
    },
}
"""The pages of the API: the objects whose docstrings they show, with the public members, if the
class has others for the package itself."""
LANGUAGES = {".py": "python", ".json": "json", ".toml": "toml", ".yml": "yaml", ".md": "markdown"}

LINK = re.compile(r"(\]\()([^)#:\s]+)(#[^)\s]*)?(\))")
CODE = re.compile(r"(^ *```.*?^ *```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    _check_api()
    origins = {DOCS / page.src_uri: page.src_uri for page in files.documentation_pages()}
    for name, uri in OF_ROOT.items():
        origins[ROOT / name] = uri
        files.append(File.generated(config, uri, content=_text(ROOT / name)))
    for title, objects in API.items():
        content = "\n".join([f"# {title}", *(_directive(*one) for one in objects.items())])
        uri = f"api/{title.lower().replace(' ', '-')}.md"
        files.append(File.generated(config, uri, content=content))
    sources = {target for origin in origins for target in _targets(origin) if _uri(target) is None}
    for source in sorted(sources):
        files.append(File.generated(config, _source_uri(source), content=_source_page(source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to files outside of docs/ to their pages on the site."""
    uri = page.file.src_uri
    if uri.startswith(("source/", "api/")):
        return markdown
    of_root = {on_site: ROOT / name for name, on_site in OF_ROOT.items()}
    origin = of_root.get(uri, DOCS / uri)

    def lead(link: re.Match[str]) -> str:
        target = (origin.parent / link[2]).resolve()
        to = _uri(target) or _source_uri(target)
        return f"{link[1]}{posixpath.relpath(to, posixpath.dirname(uri) or '.')}{link[3] or ''})"

    parts = CODE.split(markdown)
    return "".join(part if CODE.match(part) else LINK.sub(lead, part) for part in parts)


def _check_api() -> None:
    shown = {name for objects in API.values() for name in objects}
    missing = sorted(set(pytest_sm_metrics.__all__) - shown)
    if missing:
        raise PluginError(f"docs/pages.py: no page of the API has {', '.join(missing)}")


def _directive(name: str, members: str | None) -> str:
    options = f"\n    options:\n      members: {members.split()}" if members else ""
    return f"\n::: pytest_sm_metrics.{name}{options}"


def _targets(origin: Path) -> Iterator[Path]:
    """Yield the files and folders of the project that a page links to."""
    prose = CODE.sub("", _text(origin))
    for link in LINK.finditer(prose):
        target = (origin.parent / link[2]).resolve()
        if not target.exists():
            raise PluginError(f"{origin.relative_to(ROOT)} links to {link[2]}, which is not there")
        yield target


def _uri(target: Path) -> str | None:
    """Return the page or the picture that the site has for a file; None for a source."""
    path = target.relative_to(ROOT).as_posix()
    if path in OF_ROOT:
        return OF_ROOT[path]
    is_of_docs = path.startswith("docs/") and target.suffix in (".md", ".png")
    return path.removeprefix("docs/") if is_of_docs else None


def _source_uri(source: Path) -> str:
    return f"source/{source.relative_to(ROOT).as_posix()}.md"


def _source_page(source: Path) -> str:
    """Return a page with a file, or with the files of a folder."""
    path = source.relative_to(ROOT).as_posix()
    head = f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n"
    if source.is_file():
        return head + _code(source)
    files = [one for one in source.rglob("*") if one.suffix in LANGUAGES]
    shown = sorted(one for one in files if "/." not in one.as_posix())
    return head + "\n".join(f"\n## {one.relative_to(source)}\n{_code(one)}" for one in shown)


def _code(source: Path) -> str:
    return f"\n````{LANGUAGES.get(source.suffix, 'text')}\n{_text(source).rstrip()}\n````\n"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
