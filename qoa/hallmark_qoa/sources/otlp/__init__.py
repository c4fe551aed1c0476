"""Telemetry as OTLP over gRPC and HTTP."""
