package rabbitmqexporter

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

func TestMessageProperties(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, kind := range []struct {
		compression string
		encoding    string
	}{{"none", ""}, {"gzip", "gzip"}, {"zstd", "zstd"}} {
		t.Run(kind.compression, func(t *testing.T) {
			factory := newTestFactory(t, kind.compression)
			messages, err := factory.make([]wire.Part{{Shard: 7, Records: 3, Body: []byte("body")}}, now)
			require.NoError(t, err)
			body, err := factory.compressor.compress([]byte("body"))
			require.NoError(t, err)

			assert.Equal(t, []broker.Message{{Key: "spans.07", Records: 3, Publishing: amqp.Publishing{
				Headers:         amqp.Table{"hallmark-shard": int32(7), "hallmark-spans": int32(3)},
				ContentType:     "application/x-protobuf",
				ContentEncoding: kind.encoding,
				DeliveryMode:    2,
				MessageId:       "id",
				Timestamp:       now,
				Type:            "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
				AppId:           "hallmark-collector",
				Body:            body,
			}}}, messages)
			require.NoError(t, messages[0].Publishing.Headers.Validate())
		})
	}
}

func TestEveryMessageHasAnIDOfItsOwn(t *testing.T) {
	compressor, err := newCompressor(noneType)
	require.NoError(t, err)
	factory := newMessageFactory(compressor, tracesSignal(validConfig()), "app")
	messages, err := factory.make(make([]wire.Part, 2), time.Now())
	require.NoError(t, err)
	assert.NotEqual(t, messages[0].Publishing.MessageId, messages[1].Publishing.MessageId)
}

func TestMetricsAndLogsHaveTheirOwnTypes(t *testing.T) {
	assert.Equal(t, "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest", metricsSignal(validConfig()).request)
	assert.Equal(t, "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest", logsSignal(validConfig()).request)
}
