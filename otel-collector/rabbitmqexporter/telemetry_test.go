package rabbitmqexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

func TestEveryVerdictIsCounted(t *testing.T) {
	set := componenttest.NewTelemetry()
	settings := exportertest.NewNopSettings(componentType)
	settings.TelemetrySettings = set.NewTelemetrySettings()
	telemetry, err := newTelemetry(settings, "traces")
	require.NoError(t, err)
	messages := []broker.Message{{Records: 1}, {Records: 10}, {Records: 100}, {Records: 1000}}
	verdicts := []error{nil, &broker.Failure{Reason: broker.Returned}, &broker.Failure{Reason: broker.Nacked}, &broker.Failure{Reason: broker.Timeout}}

	telemetry.published(t.Context(), messages, verdicts, 3*time.Millisecond)
	telemetry.oversize(t.Context(), []wire.Part{{Records: 1}})

	for name, want := range map[string]int64{
		"published_messages": 4, "published_items": 1111,
		"confirmed_messages": 1, "confirmed_items": 1,
		"returned_messages": 1, "returned_items": 10,
		"nacked_messages": 1, "nacked_items": 100,
		"failed_messages": 4, "failed_items": 1111,
	} {
		assert.Equal(t, want, sum(t, set, name), name)
	}
	latency, err := set.GetMetric("otelcol_exporter_rabbitmq_confirm_duration")
	require.NoError(t, err)
	assert.EqualValues(t, 1, latency.Data.(metricdata.Histogram[float64]).DataPoints[0].Count)
}

func TestFailuresAreCountedByReason(t *testing.T) {
	set := componenttest.NewTelemetry()
	settings := exportertest.NewNopSettings(componentType)
	settings.TelemetrySettings = set.NewTelemetrySettings()
	telemetry, err := newTelemetry(settings, "logs")
	require.NoError(t, err)

	telemetry.published(t.Context(), []broker.Message{{Records: 2}}, []error{&broker.Failure{Reason: broker.Nacked}}, 0)

	failed, err := set.GetMetric("otelcol_exporter_rabbitmq_failed_messages")
	require.NoError(t, err)
	attributes := failed.Data.(metricdata.Sum[int64]).DataPoints[0].Attributes
	for key, want := range map[string]string{"exporter": settings.ID.String(), "data_type": "logs", "reason": "nacked"} {
		value, found := attributes.Value(attribute.Key(key))
		assert.True(t, found, key)
		assert.Equal(t, want, value.AsString())
	}
}
