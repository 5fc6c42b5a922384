"""Raw calls: requests that a client would not make, sent by a client and signed as others are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..service.case import RawRequest

_MADE_UP = "sm-metrics"  # for an endpoint that accepts any signature


class NoAnswerError(Exception):
    """There was no answer, or none that botocore could read."""


class RawAnswer(NamedTuple):
    """An HTTP answer as it arrived."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RawCalls:
    """SageMaker Metrics behind an endpoint: it sends any request, and returns any answer.

    `endpoint_url` is None for AWS. Without a `profile`, credentials are made up for an endpoint,
    and found as always for AWS.
    """

    def __init__(
        self, endpoint_url: str | None, profile: str | None, region: str, aws: bool
    ) -> None:
        from botocore.config import Config
        from botocore.session import Session

        self._session = Session(profile=profile)
        self._given: dict[str, Any] = {"region_name": region, "endpoint_url": endpoint_url}
        if not aws:
            self._given |= {"aws_access_key_id": _MADE_UP, "aws_secret_access_key": _MADE_UP}
        self._config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=10,
            read_timeout=30,
            parameter_validation=False,
        )
        self._client: Any = self._client_of("sagemaker-metrics")
        events = self._client.meta.events
        events.register_last("before-call.sagemaker-metrics", self._replace)
        # Older botocores have the second event only, which no answer that they can't read reaches.
        events.register("before-parse.sagemaker-metrics", self._note)
        events.register("response-received.sagemaker-metrics", self._note)
        self._request: RawRequest | None = None
        self._answer: RawAnswer | None = None

    def _replace(self, params: dict[str, Any], **_: Any) -> None:
        """Replace the request that the client has made."""
        if self._request is not None:
            method, path, body = self._request
            parts = urlsplit(params["url"])
            url = f"{parts.scheme}://{parts.netloc}{path}"
            params.update(method=method, url_path=path, url=url, body=body)

    def _note(self, response_dict: dict[str, Any] | None, **_: Any) -> None:
        if response_dict is not None:
            body: Any = response_dict["body"]
            headers = {name.lower(): one for name, one in response_dict["headers"].items()}
            self._answer = RawAnswer(response_dict["status_code"], headers, bytes(body))

    def send(self, request: RawRequest) -> RawAnswer:
        """Send a request; raise a NoAnswerError if there is no answer."""
        from botocore.exceptions import BotoCoreError, ClientError

        self._request, self._answer = request, None
        try:
            self._call(request.path)
        except (BotoCoreError, ClientError, ValueError) as error:
            if self._answer is None:
                raise NoAnswerError(type(error).__name__) from error
        if self._answer is None:
            raise RuntimeError("botocore has not shown its answer")
        return self._answer

    def _call(self, path: str) -> None:
        """Have the client make the request of an operation, which `_replace` replaces."""
        if path == "/BatchGetMetrics":  # botocore has it since 1.35.24
            members = ("MetricName", "ResourceArn", "MetricStat", "Period", "XAxisType")
            self._client.batch_get_metrics(MetricQueries=[dict.fromkeys(members, "any")])
        else:
            metric = {"MetricName": "any", "Timestamp": 0, "Value": 0}
            self._client.batch_put_metrics(TrialComponentName="any", MetricData=[metric])

    def create_trial_component(self, name: str) -> str:
        """Create a trial component with the SageMaker API; return its ARN."""
        created = self._client_of("sagemaker").create_trial_component(TrialComponentName=name)
        arn: str = created["TrialComponentArn"]
        return arn

    def delete_trial_component(self, name: str) -> None:
        """Delete a trial component with the SageMaker API."""
        self._client_of("sagemaker").delete_trial_component(TrialComponentName=name)

    def _client_of(self, service: str) -> Any:
        return self._session.create_client(service, config=self._config, **self._given)
