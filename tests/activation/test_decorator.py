"""`mock_sm_metrics` as a decorator: one new mock for each run of a function or of a test method."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import inspect
import subprocess
import sys
import textwrap
import threading
import unittest
import unittest.mock

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from pytest_sm_metrics import current, mock_sm_metrics
from pytest_sm_metrics.activation.activation import active_mocks
from pytest_sm_metrics.aws.active import entered
from pytest_sm_metrics.current_test import current_test

from ..logging_metrics import INFINITE, client_in, metric, put


def log(run="run-1", value=0.5):
    return put(client_in("us-east-1"), run, metric(value=value))


def seeds():
    """Return the settings `seed` of the active mocks: they differ."""
    return [mock._service.settings.seed for mock in active_mocks()]


def nothing_is_on():
    with pytest.raises(RuntimeError, match="no mock of SageMaker Metrics is on"):
        current()
    return True


def ran(case):
    """Return the result of running a test case with plain unittest."""
    return unittest.defaultTestLoader.loadTestsFromTestCase(case).run(unittest.TestResult())


class TestFunctions:
    def test_with_and_without_parentheses_and_settings(self):
        def train():
            """Train."""
            log()
            return log()["Errors"], len(current()["run-1"].metrics)

        assert mock_sm_metrics(train)() == ([], 2)
        assert mock_sm_metrics()(train)() == ([], 2)
        assert mock_sm_metrics(metric_limit=1)(train)() == (
            [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 0}],
            1,
        )
        assert nothing_is_on()

    def test_each_run_begins_empty(self):
        @mock_sm_metrics
        def calls():
            log()
            return len(current().calls)

        assert [calls(), calls()] == [1, 1]

    def test_the_signature_stays(self):
        def train(run: str, *, epochs: int = 3) -> float:
            """Train."""

        decorated = mock_sm_metrics(train)
        assert inspect.signature(decorated) == inspect.signature(train)
        assert (decorated.__name__, decorated.__doc__) == ("train", "Train.")

    def test_async_functions(self):
        @mock_sm_metrics(account_id="111122223333")
        async def train():
            await asyncio.to_thread(log)
            return current()["run-1"].account_id

        assert inspect.iscoroutinefunction(train)
        assert asyncio.run(train()) == "111122223333"
        assert nothing_is_on()

    def test_generators(self):
        @mock_sm_metrics
        def steps():
            yield len(current().calls)
            log()
            yield len(current().calls)

        @mock_sm_metrics
        async def async_steps():
            yield len(current().calls)
            log()
            yield len(current().calls)

        async def collected():
            return [step async for step in async_steps()]

        assert list(steps()) == asyncio.run(collected()) == [0, 1]
        assert nothing_is_on()

    def test_generators_keep_what_they_are_sent_and_what_they_return(self):
        @mock_sm_metrics
        def steps():
            sent = yield 1
            try:
                yield sent
            except KeyError:
                return current()

        running = steps()
        assert [next(running), running.send(2)] == [1, 2]
        with pytest.raises(StopIteration) as stopped:
            running.throw(KeyError())
        assert stopped.value.value is not None

    def test_async_generators_clean_up_inside(self):
        seen = []

        @mock_sm_metrics
        async def steps():
            try:
                seen.append((yield 1))
                yield 2
            except KeyError as error:
                seen.append(error)
                yield 3
            finally:
                await asyncio.sleep(0)
                seen.append(current())

        async def run():
            running, closed = steps(), steps()
            assert [await anext(running), await running.asend("sent")] == [1, 2]
            assert await running.athrow(KeyError("thrown")) == 3
            assert await anext(running, None) is None
            assert await anext(closed) == 1
            await closed.aclose()

        asyncio.run(run())
        assert [type(one).__name__ for one in seen] == [
            "str",
            "KeyError",
            "SageMakerMetricsMock",
            "SageMakerMetricsMock",
        ]
        assert nothing_is_on()

    def test_decorators_within_each_other(self):
        @mock_sm_metrics(seed=1)
        @mock_sm_metrics(seed=2)
        def train():
            log()
            return current()

        inner = train()
        assert inner.calls
        assert inner._service.settings.seed == 2

    def test_it_is_judged_on_leaving(self):
        @mock_sm_metrics(rejected_metrics="error")
        def train():
            log(value=INFINITE)

        with pytest.raises(
            AssertionError,
            match="1 metric was rejected(.|\n)*turned off by "
            r'mock_sm_metrics\(rejected_metrics="ignore"\)',
        ):
            train()
        assert nothing_is_on()

    def test_an_error_of_its_own_comes_out(self, monkeypatch):
        monkeypatch.setattr(
            current_test, "name", None
        )  # as without pytest, whose hooks would judge

        @mock_sm_metrics(rejected_metrics="error")
        def train():
            log(value=INFINITE)
            raise KeyError("its own")

        with pytest.raises(KeyError, match="its own"):
            train()
        assert nothing_is_on()

    @pytest.mark.parametrize("target", [3, "metric_limit", None, print, [test_async_functions]])
    def test_what_it_does_not_decorate(self, target):
        with pytest.raises(
            TypeError,
            match=r"decorates functions and classes, and .* is neither: .* Settings are keywords",
        ):
            mock_sm_metrics(target)

    def test_a_wrong_setting_is_refused_where_it_stands(self):
        with pytest.raises(
            TypeError, match="unknown setting 'metirc_limit'; did you mean 'metric_limit'"
        ):

            @mock_sm_metrics(metirc_limit=1)
            def train(): ...


class TestPlainClasses:
    def test_each_method_named_test(self):
        @mock_sm_metrics
        class TestUploads:
            def test_method(self):
                log()
                return len(current().calls)

            @staticmethod
            def test_static():
                log()
                return len(current().calls)

            @classmethod
            def test_of_the_class(cls):
                log()
                return cls, len(current().calls)

            async def test_async(self):
                return await asyncio.to_thread(self.test_method)

            test_data = "data/curves.json"

            def helper(self):
                return nothing_is_on()

        tests = TestUploads()
        assert tests.test_method() == tests.test_method() == tests.test_static() == 1
        assert tests.test_of_the_class() == (TestUploads, 1)
        assert asyncio.run(tests.test_async()) == 1
        assert tests.test_data == "data/curves.json"
        assert tests.helper()

    def test_inherited_ones_too_and_not_those_of_the_base_itself(self):
        class Base:
            def test_it(self):
                return len(current().calls)

        @mock_sm_metrics
        class TestDerived(Base):
            pass

        assert TestDerived().test_it() == 0
        with pytest.raises(RuntimeError):
            Base().test_it()

    def test_a_derived_one_that_is_decorated_too(self):
        @mock_sm_metrics(seed=1)
        class TestOne:
            def test_it(self):
                return [mock._service.settings.seed for mock in active_mocks()]

        @mock_sm_metrics(seed=2)
        class TestTwo(TestOne):
            pass

        assert TestOne().test_it() == [1]
        assert TestTwo().test_it() == [2]

    def test_tests_of_a_derived_one_that_is_not_decorated(self):
        class Mixin:
            def test_mixed_in(self):
                return seeds()

        @mock_sm_metrics(seed=1)
        class TestBase:
            def __init_subclass__(cls, option=None, **kwargs):
                """Set an option."""
                super().__init_subclass__(**kwargs)
                cls.option = option

            def test_it(self):
                return seeds()

            def test_inherited(self):
                return seeds()

        class TestDerived(TestBase, Mixin, option="its own"):
            def test_it(self):
                return seeds()

            async def test_async(self):
                return seeds()

            @staticmethod
            def test_static():
                return seeds()

            @classmethod
            def test_of_the_class(cls):
                return seeds()

        class TestDerivedTwice(TestDerived):
            def test_it(self):
                return seeds()

            def test_another(self):
                return seeds()

        @mock_sm_metrics(seed=2)
        class TestDerivedAndDecorated(TestDerivedTwice):
            def test_it(self):
                return seeds()

        for cls in (TestBase, TestDerived, TestDerivedTwice, TestDerivedAndDecorated):
            expected = [2] if cls is TestDerivedAndDecorated else [1]
            for name in (name for name in dir(cls) if name.startswith("test")):
                result = getattr(cls(), name)()
                got = asyncio.run(result) if inspect.iscoroutine(result) else result
                assert got == expected, (cls, name)
        assert Mixin().test_mixed_in() == []
        assert TestDerived.option == "its own"
        assert TestBase.__init_subclass__.__doc__ == "Set an option."

    def test_nested_classes(self):
        @mock_sm_metrics(seed=1)
        class TestOuter:
            class TestInner:
                def test_it(self):
                    return seeds()

            class TestCase(unittest.TestCase):
                def test_it(self):
                    self.assertEqual(seeds(), [1])

            class Helper:
                pass

        class TestDerived(TestOuter):
            class TestInner(TestOuter.TestInner):
                def test_another(self):
                    return seeds()

        assert TestOuter.TestInner().test_it() == [1]
        assert TestDerived.TestInner().test_another() == TestDerived.TestInner().test_it() == [1]
        assert ran(TestOuter.TestCase).wasSuccessful()

    def test_a_nested_class_that_is_defined_elsewhere_is_refused(self):
        class TestElsewhere:
            def test_it(self): ...

        with pytest.raises(
            TypeError,
            match=r"TestOuter\.TestInner is TestElsewhere, which is defined elsewhere: "
            r"decorate it there, or derive a class from it here",
        ):

            @mock_sm_metrics
            class TestOuter:
                TestInner = TestElsewhere

                def test_it(self): ...

    def test_partial_methods(self):
        def counted(*args, **kwargs):
            log()
            return len(current().calls), args[-1], kwargs

        @mock_sm_metrics
        class TestPartial:
            test_method = functools.partialmethod(counted, 1, size=2)
            test_partial = staticmethod(functools.partial(counted, 1, size=2))
            test_builtin = staticmethod(functools.partial(int, "1"))

        assert TestPartial().test_method() == TestPartial().test_partial() == (1, 1, {"size": 2})
        assert TestPartial().test_builtin() == 1

    def test_of_two_decorators_the_inner_one_holds(self):
        @mock_sm_metrics(seed=1)
        @mock_sm_metrics(seed=2)
        class TestUploads:
            def test_it(self):
                return seeds()

        assert TestUploads().test_it() == [2]

    def test_a_decorator_of_another_library_above_stays(self):
        moto = pytest.importorskip("moto")
        models = pytest.importorskip("moto.core.models")

        @moto.mock_aws
        @mock_sm_metrics(seed=1)
        class TestBase:
            def test_it(self):
                return models.botocore_stubber.enabled, bool(seeds())

        @mock_sm_metrics(seed=2)
        class TestDerived(TestBase):
            pass

        assert TestDerived().test_it() == TestBase().test_it() == (True, True)

    def test_a_base_with_examples_stays_as_it_is(self):
        lengths = []

        class Base:
            @settings(suppress_health_check=[HealthCheck.differing_executors], max_examples=5)
            @given(strategies.integers())
            def test_it(self, number):
                for mock in active_mocks():
                    log()
                    lengths.append(len(mock.calls))

        @mock_sm_metrics
        class TestDerived(Base):
            pass

        Base().test_it()
        assert lengths == []
        TestDerived().test_it()
        assert set(lengths) == {1}

    def test_a_class_without_tests(self):
        with pytest.raises(
            TypeError,
            match=r"decorates the methods of a class that are named test\*, and Helper has none",
        ):

            @mock_sm_metrics
            class Helper:
                pass

    def test_under_pytest(self, pytester):
        pytester.makepyfile(
            """
            import boto3, pytest
            from pytest_sm_metrics import current, mock_sm_metrics

            @mock_sm_metrics(metric_limit=2)
            class TestUploads:
                @pytest.fixture
                def name(self):
                    return "loss"

                @pytest.mark.parametrize("count", [1, 2, 3])
                def test_upload(self, count, name):
                    data = [{"MetricName": name, "Timestamp": 0, "Value": 0.5}] * count
                    client = boto3.client("sagemaker-metrics")
                    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
                    assert len(current()["run-1"][name]) == min(count, 2)
            """
        )
        pytester.runpytest_inprocess().assert_outcomes(passed=3)


class TestTestCases:
    def test_one_mock_for_each_test_its_set_up_and_teardown_included(self):
        seen = []

        @mock_sm_metrics
        class Tests(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                assert nothing_is_on()

            def setUp(self):
                log("set-up")
                self.addCleanup(lambda: seen.append(list(current())))

            def tearDown(self):
                log("teardown")

            def test_one(self):
                log("one")
                self.assertEqual(list(current()), ["set-up", "one"])

            def test_two(self):
                for number in range(2):
                    with self.subTest(number=number):
                        log(f"two-{number}")

            def test_skipped(self):
                self.skipTest("its own reason")

        result = ran(Tests)
        assert (result.testsRun, result.errors, result.failures, len(result.skipped)) == (
            3,
            [],
            [],
            1,
        )
        assert seen == [
            ["set-up", "one", "teardown"],
            ["set-up", "teardown"],
            ["set-up", "two-0", "two-1", "teardown"],
        ]
        assert nothing_is_on()

    def test_async_ones(self):
        @mock_sm_metrics
        class Tests(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                await asyncio.to_thread(log, "set-up")

            async def asyncTearDown(self):
                self.assertEqual(list(current()), ["set-up", "test"])

            async def test_it(self):
                await asyncio.to_thread(log, "test")

        assert ran(Tests).wasSuccessful()

    def test_what_is_found_is_a_failure_of_the_test(self, monkeypatch):
        monkeypatch.setattr(
            current_test, "name", None
        )  # as without pytest, whose hooks would judge

        @mock_sm_metrics(rejected_metrics="error")
        class Tests(unittest.TestCase):
            def test_body(self):
                log(value=INFINITE)

            @unittest.expectedFailure
            def test_expected(self):
                log(value=INFINITE)

            def test_its_own(self):
                log(value=INFINITE)
                self.fail("its own failure")

            def test_its_own_skip(self):
                log(value=INFINITE)
                self.skipTest("its own reason")

            def test_its_own_part(self):
                with self.subTest("first"):
                    log(value=INFINITE)
                    self.fail("its own failure")

            def test_cleanup(self):
                self.addCleanup(log, value=INFINITE)

        result = ran(Tests)
        assert result.testsRun == 6
        reported = {test.id().rpartition(".")[2]: text for test, text in result.failures}
        assert sorted(reported) == [
            "test_body",
            "test_cleanup",
            "test_its_own",
            "test_its_own_part [first]",
            "test_its_own_skip",
        ]
        assert len(result.skipped) == 1
        assert "1 metric was rejected" in reported["test_body"]
        assert "1 metric was rejected" in reported["test_cleanup"]
        assert "1 metric was rejected" in reported["test_its_own_skip"]
        assert "its own failure" in reported["test_its_own"]
        assert "rejected" not in reported["test_its_own"]
        assert len(result.expectedFailures) == 1
        assert not result.errors

    def test_a_teardown_that_fails_is_reported_alone(self):
        @mock_sm_metrics(rejected_metrics="error")
        class Tests(unittest.TestCase):
            def tearDown(self):
                log(value=INFINITE)
                raise KeyError("its own error")

            def test_it(self): ...

        result = ran(Tests)
        assert not result.failures
        [(_, reported)] = result.errors
        assert "its own error" in reported

    def test_a_part_that_is_skipped_hides_nothing(self):
        @mock_sm_metrics(rejected_metrics="error")
        class Tests(unittest.TestCase):
            def test_it(self):
                with self.subTest("first"):
                    self.skipTest("its own reason")
                log(value=INFINITE)

        assert "1 metric was rejected" in ran(Tests).failures[0][1]

    def test_of_two_decorators_the_inner_one_holds(self):
        @mock_sm_metrics(seed=1)
        @mock_sm_metrics(seed=2)
        class Tests(unittest.TestCase):
            def test_it(self):
                self.assertEqual(current()._service.settings.seed, 2)

        assert ran(Tests).wasSuccessful()

    def test_a_derived_one(self):
        @mock_sm_metrics(seed=1)
        class Base(unittest.TestCase):
            seed = 1

            def test_it(self):
                self.assertEqual(current()._service.settings.seed, self.seed)
                log()
                self.assertEqual(len(current().calls), 1)

        class Derived(Base):
            pass

        @mock_sm_metrics(seed=2)
        class DerivedWithItsOwn(Base):
            seed = 2

        for case in (Base, Derived, DerivedWithItsOwn):
            assert ran(case).wasSuccessful()

    def test_tests_of_a_derived_one_that_is_not_decorated(self):
        @mock_sm_metrics(seed=1)
        class Base(unittest.TestCase):
            def test_it(self):
                self.assertEqual(seeds(), [1])

        class Derived(Base):
            def setUp(self):
                self.assertEqual(seeds(), [1])

            def check(self, expected):
                self.assertEqual(seeds(), expected)

            def test_it(self):
                super().test_it()

            test_partial = functools.partialmethod(check, [1])

            @staticmethod
            def test_static():
                assert seeds() == [1]

            @classmethod
            def test_of_the_class(cls):
                assert seeds() == [1]

        result = ran(Derived)
        assert (result.testsRun, result.errors, result.failures) == (4, [], [])

    def test_debug_runs_inside_one_too(self):
        @mock_sm_metrics
        class Tests(unittest.TestCase):
            def test_it(self):
                log()

        Tests("test_it").debug()
        assert nothing_is_on()

    @pytest.mark.parametrize(
        "runner",
        [["unittest", "-v"], ["pytest", "-q", "-p", "no:cacheprovider"]],
        ids=lambda runner: runner[0],
    )
    def test_in_a_process_of_its_own(self, tmp_path, runner):
        source = """
            import unittest
            import boto3
            from pytest_sm_metrics import current, mock_sm_metrics

            keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
            client = boto3.client("sagemaker-metrics", region_name="us-east-1", **keys)

            @mock_sm_metrics(metric_limit=3)
            class Tests(unittest.TestCase):
                def setUp(self):
                    self.log(1)

                def log(self, count):
                    data = [
                        {"MetricName": "loss", "Timestamp": 0, "Step": step, "Value": 0.5}
                        for step in range(count)
                    ]
                    answer = client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
                    return answer["Errors"]

                def test_one(self):
                    self.assertEqual(self.log(2), [])
                    self.assertEqual(current()["run-1"]["loss"].steps, [0, 0, 1])

                def test_two(self):
                    codes = [error["Code"] for error in self.log(3)]
                    self.assertEqual(codes, ["METRIC_LIMIT_EXCEEDED"])
        """
        tmp_path.joinpath("test_it.py").write_text(textwrap.dedent(source), encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", *runner, "test_it.py"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )


def test_request_ids_of_two_tests_differ_without_pytest_too(tmp_path):
    tmp_path.joinpath("test_it.py").write_text(
        """
import unittest
import boto3
from pytest_sm_metrics import current, mock_sm_metrics

IDS = set()
keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
client = boto3.client("sagemaker-metrics", region_name="us-east-1", **keys)

def log():
    data = [{"MetricName": "loss", "Timestamp": 0, "Value": 1.0}]
    client.batch_put_metrics(TrialComponentName="run-1", MetricData=data)
    [call] = current().calls
    assert call.request_id not in IDS
    IDS.add(call.request_id)

@mock_sm_metrics
class TestIt(unittest.TestCase):
    def test_one(self): log()
    def test_two(self): log()

class Base:
    def test_one(self): log()
    def test_two(self): log()

@mock_sm_metrics
class TestPlain(Base): pass

@mock_sm_metrics
class TestOther(Base): pass

@mock_sm_metrics
def test_function(): log()

class TestMade: pass

for number in range(3):
    setattr(TestMade, f"test_{number}", lambda self: log())
mock_sm_metrics(TestMade)

if __name__ == "__main__":
    test_function()
    for plain in (TestPlain(), TestOther()):
        plain.test_one()
        plain.test_two()
    for number in range(3):
        getattr(TestMade(), f"test_{number}")()
    unittest.main()
""",
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "test_it.py"], cwd=tmp_path, check=True, capture_output=True)


def test_what_returns_a_coroutine_and_is_no_async_function():
    # As moto's decorator makes it of an async function.
    def sync(function):
        @functools.wraps(function)
        def wrapper():
            return function()

        return wrapper

    @mock_sm_metrics
    @sync
    async def upload():
        raise AssertionError("the mock is off by now")

    with pytest.raises(
        TypeError,
        match=r"upload returned a coroutine and is no async function.*"
        r"Put mock_sm_metrics below the decorator",
    ):
        upload()


class Later:
    """An awaitable that is no coroutine."""

    def __await__(self):
        yield from ()
        log()


class Steps:
    """An async iterator."""

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration


class TestWhatRunsLater:
    """A function may return what logs later: it runs inside the mock, or is refused."""

    @pytest.mark.parametrize(
        ("made", "message"),
        [
            (lambda: (log() for _ in range(1)), r"returned a generator and is no generator fun"),
            (lambda: (log() async for _ in Steps()), r"returned a generator and is no generator"),
            (Later, r"returned an awaitable \(Later\) and is no async function"),
            (concurrent.futures.Future, r"returned a Future that is not done"),
            (contextlib.contextmanager(lambda: iter([log()])), "returned a context manager"),
            (contextlib.asynccontextmanager(lambda: log()), "returned a context manager"),
        ],
        ids=["generator", "async generator", "awaitable", "Future", "context", "async context"],
    )
    def test_it_is_refused(self, made, message):
        @mock_sm_metrics
        def upload():
            return made()

        with pytest.raises(TypeError, match=rf"upload {message}.*the mock would be off by the "):
            upload()
        assert nothing_is_on()

    def test_a_task_is_refused_and_does_not_run(self):
        @mock_sm_metrics
        def upload():
            return asyncio.ensure_future(asyncio.to_thread(log))

        async def main():
            with pytest.raises(
                TypeError, match=r"upload returned an awaitable \(Task\) and is no async function"
            ):
                upload()

        asyncio.run(main())

    def test_a_future_that_is_done_is_returned(self):
        @mock_sm_metrics
        def upload():
            with concurrent.futures.ThreadPoolExecutor() as pool:
                return pool.submit(log)

        assert upload().result()["Errors"] == []

    def test_a_mock_of_anything_is_returned(self):
        made = unittest.mock.MagicMock()
        assert mock_sm_metrics(lambda: made)() is made

    def test_a_context_manager_in_either_order(self):
        @mock_sm_metrics
        @contextlib.contextmanager
        def above(name):
            """Log before and after."""
            log(name)
            yield current()
            log(name)

        @contextlib.contextmanager
        @mock_sm_metrics
        def below(name):
            log(name)
            yield current()
            log(name)

        for context in (above, below):
            with context("run-1") as mock:
                assert current() is mock
            assert len(mock.calls) == 2
            assert nothing_is_on()
        assert (above.__name__, above.__doc__) == ("above", "Log before and after.")

        @above("run-1")
        def used_as_a_decorator():
            return len(current().calls)

        assert [used_as_a_decorator(), used_as_a_decorator()] == [1, 1]

    def test_a_context_manager_swallows_what_it_swallowed(self):
        @mock_sm_metrics
        @contextlib.contextmanager
        def swallowing():
            with contextlib.suppress(KeyError):
                yield

        with swallowing():
            raise KeyError
        assert nothing_is_on()

    def test_an_async_context_manager(self):
        @mock_sm_metrics
        @contextlib.asynccontextmanager
        async def logging():
            await asyncio.to_thread(log)
            yield current()
            await asyncio.to_thread(log)

        async def main():
            async with logging() as mock:
                assert current() is mock
            return mock

        assert len(asyncio.run(main()).calls) == 2
        assert nothing_is_on()

    def test_a_fixture_that_yields(self, pytester):
        pytester.makepyfile(
            """
            import pytest
            from pytest_sm_metrics import current, mock_sm_metrics

            @pytest.fixture
            @mock_sm_metrics
            def mock():
                yield current()
                assert current().calls == ()

            def test_it(mock):
                assert current() is mock
            """
        )
        pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_one_object_that_two_tasks_enter_at_once():
    """Each leaves what it has entered."""
    activation, left = mock_sm_metrics(), asyncio.Event()

    async def first():
        async with activation as mock:
            await asyncio.sleep(0)
        left.set()
        return mock

    async def second():
        async with activation as mock:
            await left.wait()
            assert current() is mock
            return mock

    async def main():
        return await asyncio.gather(first(), second())

    one, other = asyncio.run(main())
    assert one is not other
    with pytest.raises(RuntimeError, match="no mock of SageMaker Metrics is on"):
        current()


def test_what_is_left_in_another_thread_is_not_kept():
    mocks = []
    for _ in range(3):
        stack = contextlib.ExitStack()
        mocks.append(stack.enter_context(mock_sm_metrics()))
        closer = threading.Thread(target=stack.close)
        closer.start()
        closer.join()
    assert [record.mock for record in entered.get()] == [mocks[-1]]
    with mock_sm_metrics() as mock:
        assert [record.mock for record in entered.get()] == [mock]


def test_stop_without_start_and_stop_twice():
    activation = mock_sm_metrics()
    with pytest.raises(RuntimeError, match=r"^stop\(\) was called before start\(\)$"):
        activation.stop()
    activation.start()
    activation.stop()
    with pytest.raises(RuntimeError, match=r"^stop\(\) was called again: .* is stopped already$"):
        activation.stop()
