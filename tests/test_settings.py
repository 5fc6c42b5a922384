from __future__ import annotations

from datetime import timedelta

import pytest

from pytest_sm_metrics import mock_sm_metrics
from pytest_sm_metrics.settings import SETTINGS, Settings
from pytest_sm_metrics.settings_keywords import SettingsKeywords


def test_an_unknown_setting_is_refused_with_the_known_ones():
    with pytest.raises(
        TypeError,
        match=r"unknown setting 'metirc_limit'; did you mean 'metric_limit'\? "
        r"The settings are: account_id, organization_id, caller_arn, metric_limit,",
    ):
        mock_sm_metrics(metirc_limit=3)
    with pytest.raises(TypeError, match=r"unknown setting 'colour'\. The settings are: "):
        mock_sm_metrics(colour="green")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account_id", 123456789012),
        ("account_id", "12345678901"),
        ("account_id", "１２３４５６７８９０１２"),
        ("organization_id", "exampleorg1"),
        ("organization_id", "o-example"),
        ("organization_id", "o-ExampleOrg1"),
        ("organization_id", "o-exampleorg1\n"),
        ("organization_id", f"o-{'a' * 33}"),
        ("metric_limit", -1),
        ("metric_limit", "100"),
        ("metric_limit", True),
        ("metric_limit", 1.5),
        ("metric_name_limit", -1),
        ("unknown_trial_component", "ignore"),
        ("unknown_trial_component", []),
        ("timestamp_window", timedelta(days=14)),
        ("timestamp_window", (timedelta(days=-14), timedelta(hours=2))),
        ("timestamp_window", (14, 2)),
        ("seed", "x"),
        ("seed", None),
    ],
)
def test_a_bad_value_is_refused_with_name_value_and_what_is_accepted(name, value):
    with pytest.raises(ValueError, match=f"setting {name} is ") as refused:
        mock_sm_metrics(**{name: value})
    assert repr(value) in str(refused.value)
    assert "accepted is " in str(refused.value)


def test_good_values():
    window = (timedelta(), timedelta(days=1))
    settings = Settings.of(
        {
            "metric_limit": 0,
            "metric_name_limit": None,
            "timestamp_window": window,
            "seed": -5,
            "account_id": "000000000000",
        }
    )
    assert (settings.metric_limit, settings.timestamp_window) == (0, window)


def test_type_checkers_see_the_same_names():
    assert list(SettingsKeywords.__annotations__) == list(SETTINGS)
