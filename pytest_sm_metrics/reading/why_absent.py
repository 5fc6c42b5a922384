"""Why something that a test asked for is not there: what did arrive, and the nearest thing to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..service.arns import trial_component_arn
from ..service.get_metrics.request import Query
from ..service.journal import Call
from ..service.put_metrics.operation import Refusal
from ..service.put_metrics.parser import parse_put_metrics
from ..service.put_metrics.request import PutMetrics, Submission
from ..service.service import Service
from ..service.store import NO_STEP, StoredTrialComponent
from ..settings import Settings
from ..wording import closest, counted, joined, listed

_LISTED = 10  # names that a message lists


def why_no_trial_component(service: Service, name: object, region: str | None) -> str:
    """Why a trial component holds no metrics (in a region)."""
    if not isinstance(name, str):
        return f"trial components are asked for by name, and {name!r} is no string"
    where = f" in region {region}" if region else ""
    return joined(
        f"trial component {name!r} holds no metrics{where}", _around_trial_component(service, name)
    )


def _around_trial_component(service: Service, name: str) -> Iterator[str]:
    holding = [component for component in service.components() if component.count]
    regions = [component.region for component in holding if component.name == name]
    deleted = service.deleted_in(name)
    if deleted:
        yield f"it was deleted in {', '.join(deleted)}"
    if regions:
        yield f"it holds metrics in {', '.join(regions)}"
    elif service.is_created(name) and not deleted:
        yield "it was created, but no metric was accepted for it"
    refused = list(refusals(service, name))
    yield from refused
    yield from rejections(service, name, None)
    if not regions:
        names = dict.fromkeys(component.name for component in holding)
        near = closest(name, names)
        if near:
            yield f"closest: {listed(near)}"
        elif names:
            yield f"trial components that hold metrics: {listed(names)}"
        elif not put_calls(service):
            yield f"no {'BatchPutMetrics' if service.calls else 'SageMaker Metrics'} call has reached the mock"
        elif not refused:
            called = dict.fromkeys(
                call.trial_component
                for call in put_calls(service)
                if call.trial_component not in (None, name)
            )
            if called:
                yield f"{counted(len(put_calls(service)), 'call')} reached the mock, for {listed(called)}"


def why_no_metric(service: Service, component: StoredTrialComponent, metric_name: object) -> str:
    """Why a trial component holds no metric of a name."""
    if not isinstance(metric_name, str):
        return f"the metrics of a trial component are asked for by name, and {metric_name!r} is no string: run[name][index] is one point"
    head = f"trial component {component.name!r} in {component.region} holds no metric named {metric_name!r}"
    return joined(head, _around_metric(service, component, metric_name))


def _around_metric(
    service: Service, component: StoredTrialComponent, metric_name: str
) -> Iterator[str]:
    names = service.series(component)
    rejected = list(rejections(service, component.name, metric_name))
    yield from rejected
    near = closest(metric_name, names)
    if near and not rejected:
        yield f"closest: {listed(near)}"
    elif names:
        yield f"its metrics: {listed(names)}"
    elsewhere = [other for other in service.components() if metric_name in service.series(other)]
    if elsewhere:
        yield f"held by {', '.join(f'{other.name!r} in {other.region}' for other in elsewhere[:_LISTED])}"
    if not names:
        yield from refusals(service, component.name)


def why_no_values(service: Service, query: Query) -> str:
    """Why a query finds nothing."""
    name, account_id = query.trial_component, service.settings.account_id
    if name is None:
        return f"the ResourceArn is not that of a trial component, which would be {trial_component_arn(query.region, account_id, '<name>')}"
    arn = trial_component_arn(query.region, account_id, name)
    if query.resource_arn.lower() != arn:
        return f"the ResourceArn is {query.resource_arn}, that of the trial component here would be {arn}"
    component = next(
        (
            one
            for one in service.components()
            if (one.region, one.name) == (query.region, name) and one.count
        ),
        None,
    )
    if component is None:
        return why_no_trial_component(service, name, query.region)
    columns = service.series(component).get(query.metric_name)
    if columns is None:
        return why_no_metric(service, component, query.metric_name)
    if query.period == "IterationNumber" and not any(step != NO_STEP for step in columns.steps):
        return f"{counted(len(columns.steps), 'metric')} of that name, none with a Step"
    unit = (
        ""
        if query.period == "IterationNumber"
        else ", which are milliseconds, as the beginnings of periods are"
    )
    return (
        f"{counted(len(columns.steps), 'metric')} of that name, all outside of Start and End{unit}"
    )


def put_calls(service: Service) -> list[Call]:
    """The calls that were meant to store something."""
    return [call for call in service.calls if call.may_store]


def refusals(service: Service, name: str) -> Iterator[str]:
    """The calls that were refused as a whole and may have been meant for a trial component: upper and lower case taken as
    the same, and those whose name could not be read.
    """
    refused: dict[str | None, list[Call]] = {}
    for call in put_calls(service):
        if call.error_code and (call.trial_component or name).lower() == name.lower():
            refused.setdefault(call.trial_component, []).append(call)
    for sent, calls in refused.items():
        whose = "it" if sent == name else repr(sent) if sent else "no readable name"
        how_many = (
            f"a call for {whose} was" if len(calls) == 1 else f"{len(calls)} calls for {whose} were"
        )
        last = "" if len(calls) == 1 else "; the last"
        yield f"{how_many} refused as a whole{last}: {calls[-1].ending}"


def rejections(service: Service, name: str, metric_name: str | None) -> Iterator[str]:
    """How many metrics of a trial component (and of a name) were rejected, and why the first was."""
    calls = [call for call in service.calls if call.trial_component == name]
    found = [
        f"{refusal.code} for {put.names[refusal.metric_index]!r} (MetricIndex {refusal.metric_index}): {reason}"
        for _, put, refusal, reason in every_rejection(calls, service.settings)
        if metric_name in (None, put.names[refusal.metric_index])
    ]
    if found:
        which = "" if metric_name is None else " of that name"
        verb = "was rejected" if len(found) == 1 else "were rejected; the first"
        yield f"{counted(len(found), 'metric')}{which} {verb}: {found[0]}"


def every_rejection(
    calls: Iterable[Call], settings: Settings
) -> Iterator[tuple[Call, PutMetrics, Refusal, str]]:
    """Each metric that was rejected, with its call, the parsed request, and why."""
    for call in calls:
        if call.refused:
            put = parse_put_metrics(call.body)
            for refusal in call.refused:
                submission = Submission(put, call.time, settings)
                yield call, put, refusal, refusal.why(submission)


def what_arrived(service: Service) -> Iterator[str]:
    """What the service holds and what it refused, in a few lines."""
    holding = [component for component in service.components() if component.count]
    for component in holding[:_LISTED]:
        held = [
            f"{name!r} ({len(columns.arrivals)}, the last to arrive {columns.values[-1]!r})"
            for name, columns in list(service.series(component).items())[:_LISTED]
        ]
        more = ", ..." if len(service.series(component)) > _LISTED else ""
        yield f"arrived: trial component {component.name!r} in {component.region}: {', '.join(held)}{more}"
    if len(holding) > _LISTED:
        yield f"and {len(holding) - _LISTED} more trial components"
    for name in dict.fromkeys(
        call.trial_component for call in put_calls(service) if call.refused or call.error_code
    ):
        whose = "" if name is None else f"{name!r}: "
        yield from (
            whose + line
            for line in (*refusals(service, name or ""), *rejections(service, name or "", None))
        )
    if not service.calls:
        yield "no SageMaker Metrics call has reached the mock"
    elif not holding:
        yield f"{counted(len(service.calls), 'call')} reached the mock, and it holds no metrics"
