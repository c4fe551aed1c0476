"""The peer's side: reports through qoa4ml's AMQP connector as its documentation sets it up. Run in its own environment.

Usage: qoa4ml_reports.py REPORTS PORT USER VHOST EXCHANGE KEY VARIANT, with the password on stdin. Prints JSON.

VARIANT is ``documented``: ``QoaClient.report(submit=True)``, for which it starts a thread and the connector opens a
connection each time; or ``one_connection``: the connector's ``send_report`` called directly, with the connection kept,
which it does not offer: what it could do at best.
"""

import json
import sys
import threading
import time
from collections.abc import Callable

import pika
from pika.connection import Parameters
from qoa4ml.lang.attributes import DataQualityEnum, MLModelQualityEnum, ServiceQualityEnum
from qoa4ml.qoa_client import QoaClient

_OBSERVED = (
    (ServiceQualityEnum.RESPONSE_TIME, 0.0123, 0),
    (ServiceQualityEnum.AVAILABILITY, 1.0, 0),
    (DataQualityEnum.COMPLETENESS, 1.0, 1),
    (DataQualityEnum.NONE_RATIO, 0.0, 1),
)


def main() -> None:
    """Send, and say how long that took."""
    count, port, user, vhost, exchange, key, variant = sys.argv[1:]
    # Its configuration names a host and nothing else, so the rest goes in as pika's own defaults.
    Parameters.DEFAULT_PORT = int(port)
    Parameters.DEFAULT_VIRTUAL_HOST = vhost
    Parameters.DEFAULT_CREDENTIALS = pika.PlainCredentials(user, sys.stdin.read())
    client = QoaClient(config_dict=_configuration(exchange, key))
    send = _documented if variant == "documented" else _one_connection(client)
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(int(count)):
        for name, value, category in _OBSERVED:
            client.observe_metric(name, value, category)
        client.observe_inference({"label": str(number % 10)})
        client.observe_inference_metric(MLModelQualityEnum.ACCURACY, 0.98)
        send(client)
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
    print(json.dumps({"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}))  # noqa: T201


def _documented(client: QoaClient) -> None:
    client.report(submit=True)


def _one_connection(client: QoaClient) -> Callable[[QoaClient], None]:
    connector = client.connector_list["amqp"]
    connector.create_connection = lambda: None

    def send(client: QoaClient) -> None:
        connector.send_report(json.dumps(client.report()))

    return send


def _configuration(exchange: str, key: str) -> dict[str, object]:
    return {
        "client": {
            "name": "bench",
            "username": "bench",
            "stage_id": "inference",
            "functionality": "digits",
            "application_name": "bench",
            "role": "ml",
            "logging_level": 4,
        },
        "connector": [
            {
                "name": "amqp",
                "connector_class": "AMQP",
                "config": {
                    "end_point": "127.0.0.1",
                    "exchange_name": exchange,
                    "exchange_type": "topic",
                    "out_routing_key": key,
                },
            }
        ],
    }


if __name__ == "__main__":
    main()
