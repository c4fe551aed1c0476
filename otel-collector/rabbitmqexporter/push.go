package rabbitmqexporter

import (
	"context"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func (e *rabbitExporter) pushTraces(ctx context.Context, data ptrace.Traces) error {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(data)
	return push(ctx, e, body, err, (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces, consumererror.NewTraces)
}

func (e *rabbitExporter) pushMetrics(ctx context.Context, data pmetric.Metrics) error {
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(data)
	return push(ctx, e, body, err, (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics, consumererror.NewMetrics)
}

func (e *rabbitExporter) pushLogs(ctx context.Context, data plog.Logs) error {
	body, err := (&plog.ProtoMarshaler{}).MarshalLogs(data)
	return push(ctx, e, body, err, (&plog.ProtoUnmarshaler{}).UnmarshalLogs, consumererror.NewLogs)
}

// push exports body. Where only some of it has to be sent again, the error carries that.
func push[T any](
	ctx context.Context, e *rabbitExporter, body []byte, encodeErr error,
	decode func([]byte) (T, error), carry func(error, T) error,
) error {
	if encodeErr != nil {
		return consumererror.NewPermanent(encodeErr)
	}
	rest, err := e.export(ctx, body)
	if err == nil || rest == nil {
		return err
	}
	data, decodeErr := decode(rest)
	if decodeErr != nil {
		return err // then all of it is sent again
	}
	return carry(err, data)
}
