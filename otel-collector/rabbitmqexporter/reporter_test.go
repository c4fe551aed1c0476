package rabbitmqexporter

import (
	"errors"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// statusHost gathers the states the exporter reports.
type statusHost struct {
	component.Host
	states []componentstatus.Status
}

func (h *statusHost) Report(event *componentstatus.Event) {
	h.states = append(h.states, event.Status())
}

type reported struct {
	*reporter
	host *statusHost
	logs *observer.ObservedLogs
	set  *componenttest.Telemetry
}

func newTestReporter(t *testing.T) reported {
	t.Helper()
	r := reported{host: &statusHost{Host: componenttest.NewNopHost()}, set: componenttest.NewTelemetry()}
	settings := exportertest.NewNopSettings(componentType)
	settings.TelemetrySettings = r.set.NewTelemetrySettings()
	telemetry, err := newTelemetry(settings, "traces")
	require.NoError(t, err)
	core, logs := observer.New(zapcore.InfoLevel)
	r.logs = logs
	r.reporter = newReporter(zap.New(core), telemetry, r.host, "broker:5672")
	return r
}

func (r reported) lines() (lines []string) {
	for _, entry := range r.logs.TakeAll() {
		lines = append(lines, entry.Message)
	}
	return lines
}

func gauge(t *testing.T, telemetry *componenttest.Telemetry, name string) int64 {
	t.Helper()
	found, err := telemetry.GetMetric("otelcol_exporter_rabbitmq_" + name)
	require.NoError(t, err)
	return found.Data.(metricdata.Gauge[int64]).DataPoints[0].Value
}

func sum(t *testing.T, telemetry *componenttest.Telemetry, name string) (total int64) {
	t.Helper()
	found, err := telemetry.GetMetric("otelcol_exporter_rabbitmq_" + name)
	if err != nil {
		return 0
	}
	for _, point := range found.Data.(metricdata.Sum[int64]).DataPoints {
		total += point.Value
	}
	return total
}

func TestALossIsToldOnceHoweverManyAttemptsFail(t *testing.T) {
	r := newTestReporter(t)

	r.Connected(false)
	r.Disconnected(errors.New("EOF"))
	for range 100 {
		r.Failed(errors.New("connection refused"))
		r.Failed(&amqp.Error{Code: amqp.FrameError, Reason: "EOF"})
	}
	r.Connected(true)

	assert.Equal(t, []string{"Connected to the broker.", "Connection to the broker lost; connecting again until it works.",
		"Connection to the broker regained."}, r.lines())
	assert.EqualValues(t, 1, sum(t, r.set, "reconnects"))
}

func TestAnotherKindOfTroubleIsToldToo(t *testing.T) {
	r := newTestReporter(t)

	for range 5 {
		r.Failed(errors.New("connection refused"))
	}
	for range 5 {
		r.Failed(&amqp.Error{Code: amqp.AccessRefused, Reason: "login refused", Server: true})
	}

	assert.Len(t, r.lines(), 2)
}

func TestStatesAndGaugesFollowTheLink(t *testing.T) {
	r := newTestReporter(t)
	assert.Zero(t, gauge(t, r.set, "connected"))

	r.Connected(false)
	assert.EqualValues(t, 1, gauge(t, r.set, "connected"))
	r.Blocked("low on memory")
	assert.EqualValues(t, 1, gauge(t, r.set, "blocked"))
	r.Blocked("")
	assert.Zero(t, gauge(t, r.set, "blocked"))
	r.Blocked("low on disk")
	r.Disconnected(errors.New("EOF"))
	assert.Zero(t, gauge(t, r.set, "connected"))
	assert.Zero(t, gauge(t, r.set, "blocked"), "that was the lost connection's state")

	assert.Equal(t, []componentstatus.Status{
		componentstatus.StatusOK, componentstatus.StatusRecoverableError, componentstatus.StatusOK,
		componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError,
	}, r.host.states)
}
