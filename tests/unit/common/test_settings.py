"""Settings: every fault names its variable."""

from collections.abc import Sequence

import pytest

from hallmark_common.settings import Settings, SettingsError, load_settings, shards_in, variable


def test_defaults_are_the_documented_ports() -> None:
    settings = load_settings({})
    assert (settings.web_http_port, settings.web_grpc_port, settings.preprocess_port) == (8080, 50051, 50052)
    assert (settings.inference_port, settings.qoa_port) == (50053, 50054)
    assert (settings.otlp_grpc_port, settings.otlp_http_port) == (4317, 4318)
    assert settings.target("qoa") == "127.0.0.1:50054"


def test_a_target_can_be_elsewhere() -> None:
    assert load_settings({"HALLMARK_QOA_TARGET": "qoa:1"}).target("qoa") == "qoa:1"


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_described_and_refuses_nonsense_by_name(field: str) -> None:
    assert Settings.model_fields[field].description
    if Settings.model_fields[field].annotation in (str,) or field.endswith(("_dir", "_file")):
        return
    with pytest.raises(SettingsError) as caught:
        load_settings({variable(field): "nonsense"})
    assert str(caught.value).startswith(f"{variable(field)}='nonsense': ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shards"), [("0-15", range(16)), ("3", [3]), ("8-11,0, 4", [0, 4, 8, 9, 10, 11]), ("1,1-2", [1, 2])]
)
def test_shards(text: str, shards: Sequence[int]) -> None:
    assert shards_in(load_settings({"HALLMARK_QOA_SHARDS": text}).qoa_shards) == tuple(shards)


@pytest.mark.parametrize("text", ["", "x", "3-", "-3", "16", "0-99", "5-2", "0;1"])
def test_what_names_no_shards_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^HALLMARK_QOA_SHARDS=.*such as 0-15 or 0,4,8-11"):
        load_settings({"HALLMARK_QOA_SHARDS": text})


@pytest.mark.parametrize(
    ("name", "hint"), [("HALLMARK_WEB_PORT", "HALLMARK_WEB_"), ("HALLMARK_XYZZY", "docs/settings.md")]
)
def test_an_unknown_setting_is_named_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: no such setting; .*{hint}"):
        load_settings({name: "1", "PATH": "x"})


@pytest.mark.parametrize("value", ["0", "65536", "-1", ""])
def test_a_port_out_of_range_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="HALLMARK_QOA_PORT="):
        load_settings({"HALLMARK_QOA_PORT": value})
