"""The health check of a container of ours."""

import pytest

from hallmark_cli.up import probe
from hallmark_common.settings import Settings


def test_a_service_that_does_not_answer_is_not_healthy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings
    monkeypatch.setattr(probe, "TIMEOUT_S", 0.05)
    monkeypatch.setenv("HALLMARK_HOST", "0.0.0.0")
    assert probe.main("inference") == 1
    assert capsys.readouterr().err == "inference is not ready\n"


def test_a_wrong_setting_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings
    monkeypatch.setenv("HALLMARK_QOA_PORT", "x")
    assert probe.main("qoa") == 1
    assert capsys.readouterr().err.startswith("HALLMARK_QOA_PORT='x': ")
