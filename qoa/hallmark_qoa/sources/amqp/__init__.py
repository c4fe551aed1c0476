"""Telemetry from RabbitMQ."""
