"""Explanations for what is absent: what arrived instead, and the names nearest to it."""

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
    """Explain why a trial component holds no metrics, in a region or in any."""
    if not isinstance(name, str):
        return f"trial components are asked for by name, and {name!r} is no string"
    where = f" in region {region}" if region else ""
    head = f"trial component {name!r} holds no metrics{where}"
    return joined(head, _around_trial_component(service, name))


def why_ambiguous(name: str, regions: list[str]) -> str:
    """Explain why a name alone does not say which trial component is meant."""
    return (
        f"trial component {name!r} is held in several regions, {', '.join(regions)}: "
        f"ask for one with trial_component({name!r}, region={regions[0]!r})"
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
    if regions:
        return
    names = dict.fromkeys(component.name for component in holding)
    near = closest(name, names)
    if near:
        yield f"closest: {listed(near)}"
    elif names:
        yield f"trial components that hold metrics: {listed(names)}"
    else:
        yield from _around_no_metrics(service, name, bool(refused))


def _around_no_metrics(service: Service, name: str, is_refused: bool) -> Iterator[str]:
    """Explain why there are no metrics at all."""
    calls = put_calls(service)
    if not calls:
        kind = "BatchPutMetrics" if service.calls else "SageMaker Metrics"
        yield f"no {kind} call has reached the mock"
        return
    names = dict.fromkeys(call.trial_component for call in calls)
    called = [one for one in names if one not in (None, name)]
    if called and not is_refused:
        yield f"{counted(len(calls), 'call')} reached the mock, for {listed(called)}"


def why_no_metric(service: Service, component: StoredTrialComponent, metric_name: object) -> str:
    """Explain why a trial component holds no metric of a name."""
    if not isinstance(metric_name, str):
        return (
            f"the metrics of a trial component are asked for by name, and {metric_name!r} is no "
            "string: run[name][index] is one point"
        )
    where = f"trial component {component.name!r} in {component.region}"
    head = f"{where} holds no metric named {metric_name!r}"
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
        holders = [f"{other.name!r} in {other.region}" for other in elsewhere[:_LISTED]]
        yield f"held by {', '.join(holders)}"
    if not names:
        yield from refusals(service, component.name)


def why_no_values(service: Service, query: Query) -> str:
    """Explain why a query finds nothing."""
    name, account_id = query.trial_component, service.settings.account_id
    if name is None:
        example = trial_component_arn(query.region, account_id, "<name>")
        return f"the ResourceArn is not that of a trial component, which would be {example}"
    arn = trial_component_arn(query.region, account_id, name)
    if query.resource_arn.lower() != arn:
        given = query.resource_arn
        return f"the ResourceArn is {given}, that of the trial component here would be {arn}"
    component = service.stored(name, query.region)
    if not component.count:
        return why_no_trial_component(service, name, query.region)
    columns = service.series(component).get(query.metric_name)
    if columns is None:
        return why_no_metric(service, component, query.metric_name)
    found = f"{counted(len(columns.steps), 'metric')} of that name"
    if query.period != "IterationNumber":
        unit = "which are milliseconds, as the beginnings of periods are"
        return f"{found}, all outside of Start and End, {unit}"
    if all(step == NO_STEP for step in columns.steps):
        return f"{found}, none with a Step"
    return f"{found}, all outside of Start and End"


def put_calls(service: Service) -> list[Call]:
    """Return the calls that were meant to store something."""
    return [call for call in service.calls if call.may_store]


def refusals(service: Service, name: str) -> Iterator[str]:
    """Describe the calls that failed as a whole and may have been meant for a trial component.

    Upper and lower case are the same. Calls without a readable name are among them.
    """
    refused: dict[str | None, list[Call]] = {}
    for call in put_calls(service):
        if call.error_code and (call.trial_component or name).lower() == name.lower():
            refused.setdefault(call.trial_component, []).append(call)
    for sent, calls in refused.items():
        whose = repr(sent) if sent else "no readable name"
        if sent == name:
            whose = "it"
        ending = calls[-1].ending
        if len(calls) == 1:
            yield f"a call for {whose} was refused as a whole: {ending}"
        else:
            yield f"{len(calls)} calls for {whose} were refused as a whole; the last: {ending}"


def rejections(service: Service, name: str, metric_name: str | None) -> Iterator[str]:
    """Return the number of rejected metrics, and the reason for the first."""
    calls = [call for call in service.calls if call.trial_component == name]
    found = [
        f"{refusal.code} for {put.names[refusal.metric_index]!r} "
        f"(MetricIndex {refusal.metric_index}): {reason}"
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
    """Return each rejected metric with its call, the parsed request and the reason."""
    for call in calls:
        if call.refused:
            put = parse_put_metrics(call.body)
            for refusal in call.refused:
                submission = Submission(put, call.time, settings)
                yield call, put, refusal, refusal.why(submission)


def what_arrived(service: Service) -> Iterator[str]:
    """Describe in a few lines which metrics the service holds and which it rejected."""
    holding = [component for component in service.components() if component.count]
    for component in holding[:_LISTED]:
        held = [
            f"{name!r} ({len(columns.arrivals)}, the last to arrive {columns.values[-1]!r})"
            for name, columns in list(service.series(component).items())[:_LISTED]
        ]
        more = ", ..." if len(service.series(component)) > _LISTED else ""
        where = f"trial component {component.name!r} in {component.region}"
        yield f"arrived: {where}: {', '.join(held)}{more}"
    if len(holding) > _LISTED:
        yield f"and {len(holding) - _LISTED} more trial components"
    failed = [call for call in put_calls(service) if call.refused or call.error_code]
    for name in dict.fromkeys(call.trial_component for call in failed):
        whose = "" if name is None else f"{name!r}: "
        for line in (*refusals(service, name or ""), *rejections(service, name or "", None)):
            yield whose + line
    if not service.calls:
        yield "no SageMaker Metrics call has reached the mock"
    elif not holding:
        yield f"{counted(len(service.calls), 'call')} reached the mock, and it holds no metrics"
