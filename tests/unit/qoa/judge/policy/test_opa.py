"""An OPA that answers as OPA never should, or not at all."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from hallmark_common.errors import StartupError
from hallmark_common.settings import Settings
from hallmark_qoa.judge.facts import Judgement
from hallmark_qoa.judge.policy import opa as policy_opa
from hallmark_qoa.judge.policy.open import Policy, open_policy
from tests.contract.policy_cases import FACTS
from tests.support.ports import free_port, taken_port

PASS = b'{"result": [{"verdict": "pass", "reasons": ["good"]}]}'

Serve = Callable[..., str]


class _Server(ThreadingHTTPServer):
    """Gives one answer to every request, and counts them."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body, self.headers = status, body, headers
        self.paths: list[str] = []
        self.clients: set[int] = set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.server.clients.add(self.client_address[1])
        self.send_response(self.server.status)
        for name, value in {"Content-Length": str(len(self.server.body)), **self.server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[..., _Server]]:
    """Starts servers."""
    with ExitStack() as ending:

        def start(body: bytes = PASS, status: int = 200, **headers: str) -> _Server:
            server = ending.enter_context(_Server(status, body, headers))
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            ending.callback(server.shutdown)
            return server

        yield start


def _policy(url: str) -> Policy:
    return open_policy(Settings(qoa_opa_url=url))


def _url(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


async def _judged(url: str) -> Judgement:
    policy = _policy(url)
    try:
        (found,) = await policy.judge([FACTS])
        assert policy.status().error == ("" if found.verdict == "pass" else found.reasons[0])
        return found
    finally:
        await policy.close()


async def test_it_asks_where_the_verdicts_are(serve: Callable[..., _Server]) -> None:
    server = serve()
    assert await _judged(_url(server)) == Judgement("pass", ("good",))
    assert await _judged(f"{_url(server)}/behind/") == Judgement("pass", ("good",))
    assert server.paths == ["/v1/data/hallmark/verdicts", "/behind/v1/data/hallmark/verdicts"]


async def test_the_connection_is_kept(serve: Callable[..., _Server]) -> None:
    server = serve()
    policy = _policy(_url(server))
    for _ in range(5):
        await policy.judge([FACTS])
    await policy.close()
    assert len(server.clients) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            500,
            b'{"code": "internal_error", "message": "error(s)", "errors": [{"message": "two values"}]}',
            "error(s): two values",
        ),
        (400, b'{"code": "invalid_parameter", "message": "bad"}', "bad"),
        (200, b"", "not as OPA answers"),
        (200, b"[]", "not as OPA answers"),
        (200, b"<html>", "not as OPA answers"),
        (200, b"\xff", "not as OPA answers"),
        (404, b"{}", "not as OPA answers"),
        (500, b'{"message": "x", "errors": 3}', "x"),
        (204, b"", "not as OPA answers"),
    ],
)
async def test_an_error_is_a_reason(serve: Callable[..., _Server], status: int, body: bytes, said: str) -> None:
    server = serve(body, status)
    assert await _judged(_url(server)) == Judgement("unknown", (f"OPA at {_url(server)} answered {status}: {said}",))


async def test_an_opa_without_the_policy_is_named(serve: Callable[..., _Server]) -> None:
    server = serve(b"{}")
    nothing = "nothing for data.hallmark.verdicts; start it with the folder of the policies"
    why = f"OPA at {_url(server)} answered 200: {nothing}"
    assert await _judged(_url(server)) == Judgement("unknown", (why,))


async def test_an_answer_that_breaks_off_is_no_answer(serve: Callable[..., _Server]) -> None:
    server = serve(PASS, **{"Content-Length": "1000", "Connection": "close"})
    assert (await _judged(_url(server))).reasons == (
        f"OPA at {_url(server)} does not answer: IncompleteRead; start it or correct HALLMARK_QOA_OPA_URL",
    )


async def test_nobody_there_is_a_reason() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    why = f"OPA at {url} does not answer: Connection refused; start it or correct HALLMARK_QOA_OPA_URL"
    assert await _judged(url) == Judgement("unknown", (why,))


async def test_a_host_that_there_is_not_is_a_reason() -> None:
    (reason,) = (await _judged("http://nowhere.invalid:8181")).reasons
    assert reason.startswith("OPA at http://nowhere.invalid:8181 ")


async def test_who_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_opa, "TIMEOUT_S", 0.2)
    with taken_port() as port:
        found = await _judged(f"http://127.0.0.1:{port}")
    assert found == Judgement("unknown", (f"OPA at http://127.0.0.1:{port} took more than 0.2 s",))


async def test_who_does_not_speak_http_is_a_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_rude, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        why = f"OPA at {url} does not answer: BadStatusLine; start it or correct HALLMARK_QOA_OPA_URL"
        assert await _judged(url) == Judgement("unknown", (why,))
        thread.join()


def _rude(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"220 mail\r\n")


@pytest.mark.parametrize(
    "url",
    [
        "opa:8181",
        "ftp://opa",
        "http://",
        "http://opa:0",
        "http://opa:99999",
        "http://opa?x",
        "http://user:pw@opa",
        "//opa",
    ],
)
def test_an_address_that_cannot_be_one_is_named_without_showing_it(url: str) -> None:
    why = r"^HALLMARK_QOA_OPA_URL: not a usable URL; expected http://host:port, or https://$"
    with pytest.raises(StartupError, match=why):
        _policy(url)


async def test_neither_opens_anything_before_it_is_asked() -> None:
    for settings in (Settings(qoa_opa_url="https://opa"), Settings()):
        policy = open_policy(settings)
        assert policy.status().since_ns is None
        await policy.close()
