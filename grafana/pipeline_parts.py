"""Rows of the pipeline's dashboard: the parts that telemetry goes through once it has left the services."""

from grafana.panels import QUARTER, THIRD, Panels, graph, number
from grafana.queries import now, over_time

SHARDS = 'vhost="hallmark", queue=~"spans.*"'


def collector() -> Panels:
    """What it receives, sends, gives up and keeps."""
    return (
        graph(
            "Spans received",
            "Spans a second that receivers accepted and refused.",
            "cps",
            over_time("sum(rate(otelcol_receiver_accepted_spans[$__rate_interval]))", "accepted"),
            over_time("sum(rate(otelcol_receiver_refused_spans[$__rate_interval]))", "refused"),
            width=THIRD,
        ),
        graph(
            "Spans sent",
            "Spans a second by exporter.",
            "cps",
            over_time("sum by (exporter) (rate(otelcol_exporter_sent_spans[$__rate_interval]))", "{{exporter}}"),
            width=THIRD,
        ),
        graph(
            "Spans given up",
            "Spans a second by exporter that could not be sent in the end, or not be queued. None is as it should be.",
            "cps",
            over_time(
                "sum by (exporter) (rate(otelcol_exporter_send_failed_spans[$__rate_interval]))",
                "{{exporter}} not sent",
            ),
            over_time(
                "sum by (exporter) (rate(otelcol_exporter_enqueue_failed_spans[$__rate_interval]))",
                "{{exporter}} not queued",
            ),
            width=THIRD,
        ),
        graph(
            "Queues of the exporters",
            "How full they are. They are on disk, and survive the end of the collector.",
            "percentunit",
            over_time("otelcol_exporter_queue_size / otelcol_exporter_queue_capacity", "{{exporter}} {{data_type}}"),
            width=THIRD,
        ),
        graph(
            "Time until the broker confirms",
            "Percentiles over pushes to RabbitMQ.",
            "s",
            *(
                over_time(
                    f"histogram_quantile({quantile}, sum by (le) "
                    "(rate(otelcol_exporter_rabbitmq_confirm_duration_bucket[$__rate_interval])))",
                    f"p{quantile:.0%}".removesuffix("%"),
                )
                for quantile in (0.5, 0.99)
            ),
            width=THIRD,
        ),
        graph(
            "Memory",
            "Resident memory of the collector.",
            "bytes",
            over_time("otelcol_process_memory_rss", "{{instance}}"),
            width=THIRD,
        ),
    )


def broker() -> Panels:
    """What waits in its queues, and what troubles it."""
    return (
        number(
            "Dead letters",
            "Messages that the engine could not use, waiting for a person.",
            "short",
            now('rabbitmq_detailed_queue_messages{vhost="hallmark", queue="dead"}'),
            red_from=1,
        ),
        number(
            "Unrouted",
            "Messages whose routing key no queue is bound to, waiting for the engine.",
            "short",
            now('rabbitmq_detailed_queue_messages{vhost="hallmark", queue="unrouted"}'),
            red_from=1,
        ),
        number(
            "Shards without a reader",
            "Queues of spans that no engine consumes.",
            "short",
            now(f"count(rabbitmq_detailed_queue_consumers{{{SHARDS}}} == 0) or vector(0)"),
            red_from=1,
        ),
        number(
            "Alarms",
            "Alarms of disk, memory or file descriptors: the broker takes no messages meanwhile.",
            "short",
            now('sum({__name__=~"rabbitmq_alarms_.+"})'),
            red_from=1,
        ),
        number(
            "Disk until the alarm",
            "Bytes that are free above the limit.",
            "bytes",
            now("min(rabbitmq_disk_space_available_bytes - rabbitmq_disk_space_available_limit_bytes)"),
            width=THIRD,
        ),
        graph(
            "Messages in the shards",
            "Messages that wait for the engine or for its acknowledgement, by queue.",
            "short",
            over_time(f"rabbitmq_detailed_queue_messages{{{SHARDS}}}", "{{queue}}"),
            stacked=True,
        ),
        graph(
            "Bytes in the shards",
            "By queue; at the bound in rabbitmq/topology.json the broker refuses more.",
            "bytes",
            over_time(f"rabbitmq_detailed_queue_messages_bytes{{{SHARDS}}}", "{{queue}}"),
        ),
        graph(
            "Messages a second",
            "Published by the collector, confirmed to it, delivered to the engine, acknowledged by it.",
            "cps",
            *(
                over_time(f"sum(rate(rabbitmq_global_messages_{name}_total[$__rate_interval]))", label)
                for name, label in (
                    ("received", "published"),
                    ("confirmed", "confirmed"),
                    ("delivered", "delivered"),
                    ("acknowledged", "acknowledged"),
                    ("redelivered", "delivered again"),
                )
            ),
        ),
        graph(
            "Messages that did not arrive at once",
            "A second, by reason: the queue was full, the connection was lost, and so on. They are tried again.",
            "cps",
            over_time(
                "sum by (reason) (rate(otelcol_exporter_rabbitmq_failed_messages[$__rate_interval]))", "{{reason}}"
            ),
        ),
    )


def engine() -> Panels:
    """What becomes of spans, messages and records."""
    return (
        graph(
            "Spans by what became of them",
            "A second, in the engine: received, stored, duplicate, skipped for a reason.",
            "cps",
            over_time("sum by (outcome) (rate(hallmark_qoa_spans_total[$__rate_interval]))", "{{outcome}}"),
            width=THIRD,
        ),
        graph(
            "Messages by what became of them",
            "A second, in the engine: received, acknowledged, redelivered, given up for a reason.",
            "cps",
            over_time("sum by (outcome) (rate(hallmark_qoa_amqp_messages_total[$__rate_interval]))", "{{outcome}}"),
            width=THIRD,
        ),
        graph(
            "Records by what became of them",
            "A second, in the store.",
            "cps",
            over_time("sum by (outcome) (rate(hallmark_qoa_records_total[$__rate_interval]))", "{{outcome}}"),
            width=THIRD,
        ),
        graph(
            "Spans that wait",
            "Spans in the engine's memory that wait for others of their predictions, to be stored together.",
            "short",
            over_time("sum by (instance) (hallmark_qoa_waiting_spans)", "{{instance}}"),
        ),
        graph(
            "Batches that wait",
            "Batches delivered to the engine and not acknowledged yet, as not all of their spans are stored.",
            "short",
            over_time("sum by (instance) (hallmark_qoa_batches)", "{{instance}}"),
        ),
    )


def others() -> Panels:
    """The evidence, and what all of it runs on."""
    kept = "otelcol_processor_tail_sampling_global_count_traces_sampled"
    return (
        graph(
            "Traces kept",
            "Traces a second by what tail sampling decided.",
            "cps",
            over_time(f"sum by (decision) (rate({kept}[$__rate_interval]))", "{{decision}}"),
            width=QUARTER,
        ),
        graph(
            "Spans that Tempo took",
            "A second, as Tempo counts them.",
            "cps",
            over_time("sum(rate(tempo_distributor_spans_received_total[$__rate_interval]))", "received"),
            width=QUARTER,
        ),
        graph(
            "Disks",
            "How full the file systems of the collector's host are.",
            "percentunit",
            over_time(
                'sum by (mountpoint) (system_filesystem_usage_bytes{state="used"})'
                ' / sum by (mountpoint) (system_filesystem_usage_bytes{state=~"used|free"})',
                "{{mountpoint}}",
            ),
            width=QUARTER,
        ),
        graph(
            "Processors",
            "Share of the time that the processors of the collector's host work.",
            "percentunit",
            over_time(
                'sum(rate(system_cpu_time_seconds_total{state!~"idle|wait"}[$__rate_interval]))'
                " / sum(rate(system_cpu_time_seconds_total[$__rate_interval]))",
                "busy",
            ),
            width=QUARTER,
        ),
    )
