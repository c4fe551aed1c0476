package rabbitmqexporter

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pipeline"

	"hallmark.internal/rabbitmqexporter/internal/wire"
)

// signal is what traces, metrics and logs differ in once they are encoded.
type signal struct {
	name    string // as in the collector's own metrics' data_type attribute
	items   string // for people
	request string // full name of the protobuf message
	schema  wire.Schema
	// keys holds the routing key of each shard.
	keys []string
}

func tracesSignal(c *Config) signal {
	keys := make([]string, c.Shards)
	for shard := range keys {
		keys[shard] = routingKey(c.RoutingKey.Traces, shard)
	}
	return signal{name: pipeline.SignalTraces.String(), items: "spans", schema: wire.Spans, keys: keys,
		request: "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"}
}

func metricsSignal(c *Config) signal {
	return signal{name: pipeline.SignalMetrics.String(), items: "data points", schema: wire.Metrics, keys: []string{c.RoutingKey.Metrics},
		request: "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest"}
}

func logsSignal(c *Config) signal {
	return signal{name: pipeline.SignalLogs.String(), items: "log records", schema: wire.Logs, keys: []string{c.RoutingKey.Logs},
		request: "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"}
}

// routingKey puts the shard into the format. With a single shard the format may be a plain key.
func routingKey(format string, shard int) string {
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, shard)
}
