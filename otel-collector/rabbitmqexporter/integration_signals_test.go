//go:build integration

package rabbitmqexporter

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// run starts a component for the length of a test.
func run(t *testing.T, c component.Component) {
	t.Helper()
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, c.Shutdown(context.Background())) })
}

// TestEachSignalArrivesAsTheRequestItsTypeNames reads messages as a consumer would: by their properties alone.
func TestEachSignalArrivesAsTheRequestItsTypeNames(t *testing.T) {
	for _, compression := range []configcompression.Type{"none", "gzip", "zstd"} {
		for signal, create := range sinks {
			t.Run(string(compression)+" "+signal, func(t *testing.T) {
				broker := newTestBroker(t)
				broker.bind(nil, "spans.00", "metrics", "logs")
				c := broker.config("")
				c.Compression = compression
				s, err := create(t.Context(), exportertest.NewNopSettings(componentType), c)
				require.NoError(t, err)
				run(t, s)

				require.NoError(t, s.send(t.Context()))

				messages := broker.drain()
				require.Len(t, messages, 1)
				checkMessage(t, messages[0])
			})
		}
	}
}

func checkMessage(t *testing.T, m amqp.Delivery) {
	t.Helper()
	assert.Equal(t, "application/x-protobuf", m.ContentType)
	assert.Equal(t, amqp.Persistent, m.DeliveryMode)
	assert.NotEmpty(t, m.MessageId)
	assert.WithinDuration(t, time.Now(), m.Timestamp, time.Minute)
	assert.Equal(t, component.NewDefaultBuildInfo().Command, m.AppId)
	assert.Equal(t, int32(0), m.Headers["hallmark-shard"])
	assert.Equal(t, int32(1), m.Headers["hallmark-spans"])
	assert.Equal(t, 1, countRecords(t, m.Type, inflate(t, m.ContentEncoding, m.Body)))
}

func countRecords(t *testing.T, request string, body []byte) int {
	t.Helper()
	switch request {
	case "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest":
		r := ptraceotlp.NewExportRequest()
		require.NoError(t, r.UnmarshalProto(body))
		return r.Traces().SpanCount()
	case "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest":
		r := pmetricotlp.NewExportRequest()
		require.NoError(t, r.UnmarshalProto(body))
		return r.Metrics().DataPointCount()
	case "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest":
		r := plogotlp.NewExportRequest()
		require.NoError(t, r.UnmarshalProto(body))
		return r.Logs().LogRecordCount()
	}
	t.Fatalf("unknown type %q", request)
	return 0
}

func TestLargeShardsAreSplitToTheMaximalSize(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	c := broker.config("")
	c.MaxMessageSize = minMessageBytes
	e := startTraces(t, c)
	batch := batchOf(1, 5000)

	// More messages than may be in flight at once on a channel.
	require.NoError(t, e.ConsumeTraces(t.Context(), batch))

	messages := broker.drain()
	assert.Greater(t, len(messages), 700)
	for _, message := range messages {
		assert.LessOrEqual(t, len(message.Body), minMessageBytes)
	}
	assert.Equal(t, idsOf(batch), spanIDs(t, messages))
}

func TestManyPushesAtOnceShareTheChannels(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	e := startTraces(t, withQueue(broker.config("")))
	want := map[string]int{}
	for seed := range uint64(100) {
		batch := batchOf(seed, 60)
		countSpans(batch, want)
		require.NoError(t, e.ConsumeTraces(t.Context(), batch))
	}

	eventually(t, func() bool { return sum(t, e.telemetry, "confirmed_items") == 6000 }, "all spans confirmed")

	assert.Equal(t, want, spanIDs(t, broker.drain()))
}
