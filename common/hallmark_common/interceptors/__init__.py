"""Our own ``grpc.aio`` interceptors: context, spans, metrics, deadlines and errors of every call, both sides.

Spans and metrics follow the OpenTelemetry semantic conventions for RPC at release candidate.
"""
