"""What is not installed is skipped at home and missed in CI."""

import pytest


def test_missing_tool_skips_with_the_reason(do_without, monkeypatch):
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="chromium is not installed"):
        do_without("chromium")


def test_missing_tool_fails_in_ci(do_without, monkeypatch):
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="chromium is not installed"):
        do_without("chromium")
