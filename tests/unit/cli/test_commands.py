"""Command lines: what is wrong with one is one line on stderr and an exit code that is not 0."""

import gzip
import json
import socket
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from hallmark_cli.errors import CliError, described, from_call
from hallmark_cli.main import run
from hallmark_cli.up import logtail
from hallmark_cli.up.banner import _as_called
from hallmark_cli.up.children import fresh_logs
from hallmark_cli.up.ports import FIELDS, check_ports, ports_of_services
from hallmark_cli.up.program import SERVICES
from hallmark_common.attributes import PREDICTION_ID_KEY
from hallmark_common.errors import DETAILS_KEY, HallmarkError, invalid
from hallmark_common.settings import Settings

Failing = Callable[[list[str]], tuple[int, str]]


@pytest.fixture
def failing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Failing:
    """Runs a command line that fails; exit code and its one line, without the name of the program."""

    def call(arguments: list[str]) -> tuple[int, str]:
        assert settings
        code = run(arguments)
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        return code, line.removeprefix("hallmark: ")

    return call


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nothing"], "No such command 'nothing'."),
        (["predct"], "No such command 'predct'. Did you mean 'predict'?"),
        (["models", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["predict", "digits"], "Missing argument"),
        (["replay", "scale", "--rate", "0"], "Invalid value for '--rate'"),
        (["replay", "scale", "--event-time", "then"], "Invalid value for '--event-time'"),
        (["feedback", "x"], "expected PREDICTION_ID and VALUE, or --file FILE"),
        (["feedback", "x", "1", "2"], "Got unexpected extra argument"),
        (["feedback", "x", "--jsn"], "No such option: --jsn"),
        (["feedback", "x", "1", "--file", "y"], "--file: holds ids, values and times itself"),
        (["report", "--metric", "acuracy"], "--metric 'acuracy': no such metric: 'acuracy'; did you mean accuracy?"),
        (["report", "--metric", ""], "--metric '': '' is no key of a figure; write metric"),
        (
            ["report", "--metric", "accuracy", "--metric", "accuracy.p5"],
            "--metric 'accuracy.p5': the aggregate is 'p5'",
        ),
        (["report", "--metric", "spread[acc by x].ratio"], "--metric 'spread[acc by x].ratio': no such metric: 'acc'"),
        (["batch", "recompute", "--model", "m", "--reference", "x.json"], "--reference x.json: no such file; give a"),
        (["batch", "recompute", "--metric", "psi["], "--metric 'psi[': 'psi[' is no key of a figure"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(failing: Failing, arguments: list[str], problem: str) -> None:
    code, line = failing(arguments)
    assert code == 2
    assert line.startswith(problem)


@pytest.mark.parametrize(
    ("arguments", "service", "field"),
    [
        (["predict", "scale", "row.json"], "web", "web_grpc_port"),
        (["replay", "scale"], "web", "web_grpc_port"),
        (["record", "a" * 32], "qoa", "qoa_port"),
        (["watch"], "qoa", "qoa_port"),
        (["feedback", "a" * 32, "7"], "qoa", "qoa_port"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_service_that_is_down_is_said(
    failing: Failing,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    service: str,
    field: str,
    as_json: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hallmark_cli.client.CONNECT_TIMEOUT_S", 0.1)
    (tmp_path / "row.json").write_text('{"a": 1}')
    _sample(settings.models_dir / "scale/sample.jsonl.gz")
    port = getattr(settings, field)
    code, line = failing([*arguments, *(["--json"] if as_json else [])])
    assert code == 1
    setting = f"HALLMARK_{service.upper()}_TARGET"
    assert line == f"cannot reach {service} at 127.0.0.1:{port}; start it with `make run` or set {setting}"


def _sample(path: Path) -> None:
    with gzip.open(path, "wt") as file:
        file.write(json.dumps({"input": {"instances": [{"a": 1}]}, "truth": "2"}) + "\n")


def test_a_wrong_setting_is_one_line_in_every_command(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLMARK_QOA_PRT", "1")
    for arguments in (
        ["up"],
        ["stack"],
        ["models", "list"],
        ["record", "x"],
        ["watch"],
        ["replay", "x"],
        ["predict", "x", "y"],
    ):
        assert failing(arguments) == (1, "HALLMARK_QOA_PRT: no such setting; did you mean HALLMARK_QOA_PORT?")


def test_a_refusal_shows_field_expected_and_got_and_whose_it_is() -> None:
    details = (DETAILS_KEY, invalid("instances[0].hour", "a number", "'six'").details())
    error = grpc.aio.AioRpcError(
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.aio.Metadata(),
        grpc.aio.Metadata(details, (PREDICTION_ID_KEY, "abc-def")),
    )
    assert str(from_call(error, Settings(), "web")) == (
        "INVALID_ARGUMENT: instances[0].hour: expected a number, got 'six' (prediction abc-def)"
    )


def test_a_list_of_choices_is_shown_once() -> None:
    ids = "abc-1, abc-2"
    metadata = {"field": "prediction_id", "expected": f"one of: {ids}", "got": "abc"}
    error = HallmarkError(
        grpc.StatusCode.FAILED_PRECONDITION, "SEVERAL", f"prediction_id: ask for one: {ids}", metadata
    )
    assert described(error) == f"FAILED_PRECONDITION: prediction_id: ask for one: {ids}"


def test_every_port_is_checked_and_none_may_be_given_twice(settings: Settings) -> None:
    ports = ports_of_services(settings)
    check_ports(ports)
    for field in FIELDS:
        with (
            socket.create_server(("127.0.0.1", getattr(settings, field))),
            pytest.raises(CliError, match=rf"^HALLMARK_{field.upper()}: port .* is taken; stop what uses it or set "),
        ):
            check_ports(ports)
    twice = settings.model_copy(update={"otlp_http_port": settings.web_http_port})
    with pytest.raises(CliError, match=r"^HALLMARK_OTLP_HTTP_PORT: port .* is HALLMARK_WEB_HTTP_PORT too"):
        check_ports(ports_of_services(twice))
    with pytest.raises(CliError, match=r"^HALLMARK_HOST: '192\.0\.2\.1' is no address of this machine"):
        check_ports(ports_of_services(settings.model_copy(update={"host": "192.0.2.1"})))


def test_all_ports_that_are_taken_are_said_at_once(settings: Settings) -> None:
    with (
        socket.create_server(("127.0.0.1", settings.qoa_port)),
        socket.create_server(("127.0.0.1", settings.web_http_port)),
        pytest.raises(CliError) as caught,
    ):
        check_ports(ports_of_services(settings))
    assert str(caught.value) == (
        f"ports are taken: {settings.web_http_port} (HALLMARK_WEB_HTTP_PORT), {settings.qoa_port} (HALLMARK_QOA_PORT); "
        "stop what uses them or set these to other ports"
    )


def test_every_port_setting_is_checked() -> None:
    ports = {name for name in Settings.model_fields if name.endswith("_port")}
    assert set(FIELDS) == {name for name in ports if not name.startswith("stack_")}


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("", logtail.NOTHING),
        ('{"level": "INFO", "message": "fine"}\n', "fine"),
        ('Traceback\n  File "x"\nValueError: no\n{"level": "INFO", "message": "over"}\n', "ValueError: no"),
        ('{"level": "ERROR", "message": "bad\\nthing"}\n{"level": "INFO", "message": "over"}\n', "bad thing"),
        ("x" * 1000, "x" * logtail.MAX_SHOWN),
        ("[1]\n\n", "[1]"),
    ],
)
def test_what_a_service_said_last(tmp_path: Path, log: str, shown: str) -> None:
    (tmp_path / "log").write_text(log)
    assert logtail.last_error(tmp_path / "log") == shown


def test_the_log_before_is_kept_once(tmp_path: Path) -> None:
    for number in range(3):
        logs = fresh_logs(tmp_path, SERVICES)
        assert {log.read_text() for log in logs.values()} == {""}
        logs["web"].write_text(str(number))
    assert {path.name: path.read_text() for path in (tmp_path / "logs").glob("web*")} == {
        "web.log": "2",
        "web.log.1": "1",
    }


def test_a_folder_where_a_log_should_be_is_one_line(tmp_path: Path) -> None:
    fresh_logs(tmp_path, SERVICES)
    (tmp_path / "logs/web.log.1").mkdir()
    with pytest.raises(CliError, match=r"^HALLMARK_STATE_DIR: cannot write .*/logs: .*; set HALLMARK_STATE_DIR else"):
        fresh_logs(tmp_path, SERVICES)


def test_a_file_where_the_folder_of_logs_should_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    with pytest.raises(CliError, match=r"^HALLMARK_STATE_DIR: cannot write .*/logs: File exists; "):
        fresh_logs(tmp_path, SERVICES)


@pytest.mark.parametrize(
    ("program", "called"),
    [
        (".venv/bin/hallmark", ".venv/bin/hallmark"),
        ("/usr/bin/hallmark", "hallmark"),
        ("/x/hallmark_cli/__main__.py", "hallmark"),
    ],
)
def test_a_suggestion_names_the_program_as_it_was_called(program: str, called: str) -> None:
    assert _as_called(program) == called
