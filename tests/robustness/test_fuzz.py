"""Bad inputs of all kinds: a sample for every run of the tests, hundreds at night."""

import fuzz
import pytest


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Exposures to break."""
    return fuzz.prepare(tmp_path_factory.mktemp("good"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", fuzz.cases(40, seed=4), ids=lambda case: case.name)
def test_bad_input(case, good):
    result = fuzz.outcome(case, good)
    assert not result.startswith("WRONG"), result


@pytest.mark.nightly
def test_many_bad_inputs(capsys):
    assert fuzz.main(500) == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda *_: "product", "product"),
        (lambda *_: [0] * 10**10, "WRONG: MemoryError"),
        (lambda *_: fuzz.os.kill(fuzz.os.getpid(), 9), "WRONG: ended by signal 9"),
        (lambda *_: 1 / 0, "WRONG: ZeroDivisionError"),
    ],
)
def test_what_goes_wrong_is_seen(run, expected):
    assert fuzz.outcome(fuzz.Case("slit: test", run), {}).startswith(expected)


def test_what_takes_too_long_is_seen(monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 1)
    run, expected = lambda *_: fuzz.time.sleep(9), "WRONG: more than 1 s"
    assert fuzz.outcome(fuzz.Case("slit: test", run), {}).startswith(expected)
