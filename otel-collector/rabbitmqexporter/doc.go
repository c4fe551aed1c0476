// Package rabbitmqexporter is an OpenTelemetry collector exporter that publishes OTLP to a RabbitMQ exchange over AMQP 0-9-1.
//
// Spans are sharded by trace id, so that all spans of a trace are in one queue. A batch counts as exported once the broker has
// confirmed each of its messages; what it did not confirm is retried, and nothing else.
package rabbitmqexporter
