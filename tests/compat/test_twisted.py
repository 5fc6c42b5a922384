"""Twisted: a test that returns a Deferred runs inside the mock until the Deferred fires."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("twisted.trial.unittest")

CASES = """
import pytest
from twisted.internet import defer, reactor, threads
from twisted.trial import unittest
from pytest_sm_metrics import current, mock_sm_metrics
from trainer import INFINITE, log


class Base:
    def test_deferred(self):
        return threads.deferToThread(log, "run-1", "loss", 0.5).addCallback(self.count)

    def count(self, _):
        self.assertEqual(len(current()["run-1"]["loss"]), 1)

    @defer.inlineCallbacks
    def test_inline(self):
        yield threads.deferToThread(log, "run-1", "loss", 0.5)
        self.count(None)

    async def test_async(self):
        await threads.deferToThread(log, "run-1", "loss", 0.5)
        self.count(None)

    def test_rejected(self):
        return threads.deferToThread(log, "run-1", "loss", INFINITE)

    def test_own_failure(self):
        return threads.deferToThread(log, "run-1", "loss", INFINITE).addCallback(self.fail)


@mock_sm_metrics(rejected_metrics="error")
class TestDecorated(Base, unittest.TestCase):
    pass
"""

FIXTURE = """

@pytest.mark.sm_metrics(rejected_metrics="error")
@pytest.mark.usefixtures("sm_metrics")
class TestFixture(Base, unittest.TestCase):
    pass


def test_function():
    @mock_sm_metrics
    def upload():
        return fired.addCallback(lambda _: log("run-1", "loss", 0.5) and current())

    fired, mocks = defer.Deferred(), []
    upload().addCallback(mocks.append)
    assert mocks == []
    fired.callback(None)
    assert len(mocks[0].calls) == 1
    with pytest.raises(RuntimeError):
        current()


def test_function_that_is_judged():
    @mock_sm_metrics(rejected_metrics="error")
    def upload(swallow):
        return fired.addCallback(lambda _: log("run-1", "loss", INFINITE))

    for own_failure, expected in ((False, AssertionError), (True, KeyError)):
        fired, failures = defer.Deferred(), []
        if own_failure:
            fired.addCallback(lambda _: {}["its own"])
        upload(own_failure).addErrback(failures.append)
        fired.callback(None)
        assert failures[0].check(expected)
"""
FOUND = "*1 metric was rejected*"


def test_trial(project):
    project.makepyfile(test_it=CASES)
    result = project.run(sys.executable, "-m", "twisted.trial", "test_it")
    # Of the AssertionErrors, Trial takes its own for failures alone.
    result.stdout.fnmatch_lines([FOUND, "FAILED (failures=1, errors=1, successes=3)"])


def test_pytest(project):
    project.makepyfile(test_it=CASES + FIXTURE)
    result = project.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=8, failed=4)
    result.stdout.fnmatch_lines(
        ["*_ TestDecorated.test_rejected _*", FOUND, "*_ TestFixture.test_rejected _*", FOUND]
    )
