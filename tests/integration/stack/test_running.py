"""A full stack that runs: predictions become records in PostgreSQL, and Prometheus sees every part."""

import json

import psutil
import psycopg
import pytest

from hallmark.qoa.v1.quality_pb2 import QualityRecord
from hallmark_cli.stack.parts.tempo import has_tempo
from hallmark_cli.stack.secrets import Secrets
from tests.support.full_stack import FullStack

pytestmark = pytest.mark.timeout(300)

JOBS = {"collector", "collector-self", "rabbitmq", "rabbitmq-queues", "prometheus", "alertmanager"}
PREDICTIONS = 2000
CONSUMER = "counted"
SPAN_QUEUES = [f"spans.{shard:02}" for shard in range(16)]


def _database(stack: FullStack, user: str = "hallmark") -> "psycopg.Connection[tuple[object, ...]]":
    password = Secrets(stack.folder / "secrets").password("postgres-hallmark")
    port = stack.settings.stack_postgres_port
    return psycopg.connect(f"postgresql://{user}@127.0.0.1:{port}/hallmark", password=password)


def test_it_says_where_everything_is(full_stack: FullStack) -> None:
    said = full_stack.out
    for place in (
        "page ",
        "OIP ",
        "QoA ",
        "OTLP ",
        "Prometheus ",
        "Alerts ",
        "OPA ",
        "RabbitMQ ",
        "PostgreSQL ",
        "Tempo ",
    ):
        assert f"\n  {place}" in said
    secrets = Secrets(full_stack.folder / "secrets")
    assert str(secrets.file("rabbitmq-operator")) in said
    passwords = [path.read_text() for path in secrets.folder.iterdir()]
    logs = "".join(path.read_text() for path in (full_stack.folder / "logs").glob("*.log"))
    assert not [password for password in passwords if password in said + logs]


def test_every_prediction_becomes_one_complete_record_in_postgresql(full_stack: FullStack) -> None:
    replay = ("replay", "digits", "--rate", "100", "--count", str(PREDICTIONS), "--consumer", CONSUMER)
    done = full_stack.run(*replay, "--json")
    assert json.loads(done.stdout)["ok"] == PREDICTIONS, done.stderr

    def records() -> list[QualityRecord]:
        with _database(full_stack) as connection:
            rows = connection.execute("SELECT record FROM records WHERE consumer = %s", (CONSUMER,)).fetchall()
        return [QualityRecord.FromString(record) for (record,) in rows if isinstance(record, bytes)]

    full_stack.until(lambda: sum(record.complete for record in records()) >= PREDICTIONS, "all records are complete")
    assert len({record.prediction_id for record in records()}) == len(records()) == PREDICTIONS

    shown = full_stack.run("record", records()[0].prediction_id, "--json")
    assert json.loads(shown.stdout)["complete"], shown.stderr


def test_prometheus_reaches_every_part(full_stack: FullStack) -> None:
    def up() -> dict[str, float]:
        return {sample.labels["job"]: sample.value for sample in full_stack.query("up")}

    jobs = JOBS | ({"tempo"} if has_tempo() else set())
    full_stack.until(lambda: up() == dict.fromkeys(jobs, 1.0), "every target is up")


def test_prometheus_has_what_the_services_measure(full_stack: FullStack) -> None:
    full_stack.run("replay", "digits", "--rate", "10", "--duration", "1")
    seconds = "count by (job) (rpc_server_call_duration_seconds_count)"
    services = {f"hallmark/hallmark-{name}" for name in ("web", "preprocess", "inference")}
    full_stack.until(
        lambda: services <= {sample.labels["job"] for sample in full_stack.query(seconds)}, "metrics of all services"
    )


def test_every_queue_of_spans_is_consumed(full_stack: FullStack) -> None:
    queues = {queue["name"]: queue.get("consumers", 0) for queue in full_stack.broker("/queues/hallmark")}
    full_stack.until(lambda: all(queues[name] for name in SPAN_QUEUES), "16 queues are consumed")


def test_nobody_but_the_engines_user_gets_into_the_database(full_stack: FullStack) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        _database(full_stack, user="postgres")
    with _database(full_stack) as connection:
        (row,) = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    assert row == (False,)


def test_parts_listen_on_this_machine_only(full_stack: FullStack) -> None:
    listening = {ip for child in full_stack.children() for ip in _listens_on(child)}
    assert "127.0.0.1" in listening
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


def _listens_on(process: psutil.Process) -> set[str]:
    try:
        return {found.laddr.ip for found in process.net_connections("inet") if found.status == "LISTEN"}
    except psutil.NoSuchProcess:  # a connection of PostgreSQL's that has just ended
        return set()
