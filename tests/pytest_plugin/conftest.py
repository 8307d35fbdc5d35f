import pytest


@pytest.fixture(autouse=True)
def _plain(monkeypatch, pytester):
    for name in ("COLUMNS", "PYTEST_XDIST_WORKER", "CI"):
        monkeypatch.delenv(name, raising=False)
    # One takes its time to end; the other wants every fixture that is called app to be an app.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:flask")
