"""The URL, the password and TLS: what is usable, and which setting is named where it is not."""

from pathlib import Path

import pytest

from hallmark_common.errors import StartupError
from hallmark_common.settings import Settings
from hallmark_qoa.sources.amqp.settings import address, connection_parameters


@pytest.mark.parametrize(
    ("url", "host", "port", "vhost", "user", "password"),
    [
        ("amqp://qoa:pw@broker/hallmark", "broker", 5672, "hallmark", "qoa", "pw"),
        ("amqp://qoa:pw@broker:99/", "broker", 99, "/", "qoa", "pw"),
        ("amqp://qoa:pw@broker", "broker", 5672, "/", "qoa", "pw"),
        ("amqp://qoa:pw@broker/%2F", "broker", 5672, "/", "qoa", "pw"),
        ("amqp://q%40a:p%3Aw%2F@[::1]:5/a%20b", "::1", 5, "a b", "q@a", "p:w/"),
        ("amqps://qoa:pw@broker/hallmark", "broker", 5671, "hallmark", "qoa", "pw"),
    ],
)
def test_url(url: str, host: str, port: int, vhost: str, user: str, password: str) -> None:
    found = connection_parameters(Settings(amqp_url=url), "test")
    assert (found.host, found.port, found.virtual_host) == (host, port, vhost)
    assert (found.credentials.username, found.credentials.password) == (user, password)
    assert (found.ssl_options is not None) == url.startswith("amqps")
    assert password not in address(Settings(amqp_url=url))


def test_heartbeat_is_what_the_broker_proposes_unless_it_is_said() -> None:
    assert connection_parameters(Settings(amqp_url="amqp://a:b@c"), "").heartbeat is None
    assert connection_parameters(Settings(amqp_url="amqp://a:b@c/?heartbeat=7"), "").heartbeat == 7


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "http://a:s3cret@b/c",
        "amqp://b/c",
        "amqp://a:s3cret@/c",
        "amqp://a:s3cret@b:0/c",
        "amqp://a:s3cret@b:99999/c",
        "amqp://a:s3cret@b:x/c",
        "amqp://a:s3cret@[b/c",
        "amqp://a:s3cret@b/c#d",
        "amqp://a:s3cret@b/c?heartbeat=0",
        "amqp://a:s3cret@b/c?heartbeat=x",
        "amqp://a:s3cret@b/c?other=1",
    ],
)
def test_unusable_url_names_the_setting_and_not_the_password(url: str) -> None:
    with pytest.raises(StartupError, match=r"^HALLMARK_AMQP_URL: ") as failure:
        connection_parameters(Settings(amqp_url=url), "")
    assert "s3cret" not in str(failure.value)
    assert "\n" not in str(failure.value)


def test_password_of_the_file_counts(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    settings = Settings(amqp_url="amqp://a:other@b", amqp_password_file=file)
    assert connection_parameters(settings, "").credentials.password == "from the file"


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "No such file or directory"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff", "cannot be used")],
)
def test_unusable_password_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StartupError, match=f"^HALLMARK_AMQP_PASSWORD_FILE: .*{says}"):
        connection_parameters(Settings(amqp_url="amqp://a@b", amqp_password_file=file), "")


def test_no_password() -> None:
    with pytest.raises(StartupError, match=r"^HALLMARK_AMQP_PASSWORD_FILE: no password for user a;"):
        connection_parameters(Settings(amqp_url="amqp://a@b"), "")


@pytest.mark.parametrize(
    ("url", "field", "says"),
    [
        ("amqps", "ca_file", "cannot be used: NO_CERTIFICATE_OR_CRL_FOUND"),
        ("amqps", "cert_file", "cannot be used: "),
        ("amqps", "key_file", "a key without a certificate; set HALLMARK_AMQP_CERT_FILE"),
        ("amqp", "ca_file", "it is for TLS; begin HALLMARK_AMQP_URL with amqps://"),
        ("amqp", "cert_file", "it is for TLS"),
        ("amqp", "key_file", "it is for TLS"),
    ],
)
def test_unusable_tls_files(tmp_path: Path, url: str, field: str, says: str) -> None:
    file = tmp_path / "file.pem"
    file.write_text("nothing of use")
    with pytest.raises(StartupError, match=f"^HALLMARK_AMQP_{field.upper()}: .*{says}"):
        connection_parameters(Settings(**{"amqp_url": f"{url}://a:b@c", f"amqp_{field}": file}), "")
