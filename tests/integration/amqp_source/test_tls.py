"""TLS: the broker's certificate is checked, ours is shown, and what fails is said with the settings to look at."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.amqp_source.conftest import StartSource
from tests.support.amqp import eventually, publish_batches
from tests.support.parts import Broker
from tests.support.sinks import RecordingSink, span_name


class Authority:
    """Makes certificates in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.certificate, self._key = self.files(name)
        self._openssl("req", "-x509", *self._new(self._key, name), "-out", str(self.certificate), "-days", "2")

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate for 127.0.0.1 and its key."""
        certificate, key = self.files(name)
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1")
        self._openssl("req", *self._new(key, name), "-out", str(request))
        signing = ("-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial", "-days", "2")
        self._openssl(
            "x509", "-req", "-in", str(request), *signing, "-extfile", str(extensions), "-out", str(certificate)
        )
        return certificate, key

    def files(self, name: str) -> tuple[Path, Path]:
        """Where a certificate and its key are."""
        return self._folder / f"{name}.pem", self._folder / f"{name}.key"

    @staticmethod
    def _new(key: Path, name: str) -> tuple[str, ...]:
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        return (*curve, "-nodes", "-keyout", str(key), "-subj", f"/CN={name}")

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)


@asynccontextmanager
async def tls_before(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A port that ends TLS and passes on to another."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, target_writer), pump(target_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


TlsPort = Callable[[], AbstractAsyncContextManager[int]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "authority")


@pytest.fixture
def tls_port(broker: Broker, authority: Authority) -> TlsPort:
    """The broker behind TLS, which asks for a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    context.load_cert_chain(*authority.issue("broker"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in which a refused certificate is told during the handshake
    return lambda: tls_before(broker.port, context)


async def test_messages_over_mutual_tls(
    broker: Broker, start_source: StartSource, authority: Authority, tls_port: TlsPort
) -> None:
    certificate, key = authority.issue("engine")
    sink = RecordingSink()
    async with tls_port() as port:
        source = await start_source(
            sink,
            amqp_url=f"amqps://qoa@127.0.0.1:{port}/hallmark",
            amqp_ca_file=authority.certificate,
            amqp_cert_file=certificate,
            amqp_key_file=key,
        )
        publish_batches(broker, "spans.00", *"abc")
        await eventually(lambda: source.counters.messages["acknowledged"] == 3)
        await source.stop(1.0)
    assert sorted(map(span_name, sink.requests)) == ["a", "b", "c"]


@pytest.mark.parametrize(("trusts", "shows"), [(False, True), (True, False)])
async def test_certificate_that_is_not_accepted(
    start_source: StartSource,
    authority: Authority,
    tls_port: TlsPort,
    caplog: pytest.LogCaptureFixture,
    trusts: bool,
    shows: bool,
) -> None:
    certificate, key = authority.issue("engine")
    chosen = {"amqp_ca_file": authority.certificate} if trusts else {}
    chosen |= {"amqp_cert_file": certificate, "amqp_key_file": key} if shows else {}
    async with tls_port() as port:
        url = f"amqps://qoa@127.0.0.1:{port}/hallmark"
        source = await start_source(RecordingSink(), waits=False, amqp_url=url, **chosen)
        await eventually(lambda: source.counters.connections["failed"] >= 2)
        await source.stop(1.0)
    (line,) = {record.message for record in caplog.records if record.name.startswith("hallmark_qoa")}
    assert "TLS failed: " in line
    assert "HALLMARK_AMQP_CA_FILE, HALLMARK_AMQP_CERT_FILE and HALLMARK_AMQP_URL" in line
