package rabbitmqexporter

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// sink is what the three signals' exporters have in common.
type sink struct {
	component.Component
	send func(context.Context) error
}

var sinks = map[string]func(context.Context, exporter.Settings, *Config) (sink, error){
	"traces": func(ctx context.Context, set exporter.Settings, c *Config) (sink, error) {
		e, err := NewFactory().CreateTraces(ctx, set, c)
		data := ptrace.NewTraces()
		data.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		return sink{e, func(ctx context.Context) error { return e.ConsumeTraces(ctx, data) }}, err
	},
	"metrics": func(ctx context.Context, set exporter.Settings, c *Config) (sink, error) {
		e, err := NewFactory().CreateMetrics(ctx, set, c)
		data := pmetric.NewMetrics()
		data.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
		return sink{e, func(ctx context.Context) error { return e.ConsumeMetrics(ctx, data) }}, err
	},
	"logs": func(ctx context.Context, set exporter.Settings, c *Config) (sink, error) {
		e, err := NewFactory().CreateLogs(ctx, set, c)
		data := plog.NewLogs()
		data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		return sink{e, func(ctx context.Context) error { return e.ConsumeLogs(ctx, data) }}, err
	},
}

// deadAddress is an address nobody listens at.
func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// silentAddress is an address that accepts connections and never says a word.
func silentAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	return listener.Addr().String()
}

func TestStartAndShutdownWithoutABroker(t *testing.T) {
	for signal, create := range sinks {
		for situation, address := range map[string]string{"nobody listens": deadAddress(t), "nobody answers": silentAddress(t)} {
			t.Run(signal+", "+situation, func(t *testing.T) {
				c := validConfig()
				c.Endpoint = "amqp://" + address
				c.ConnectionTimeout = 200 * time.Millisecond
				s, err := create(t.Context(), exportertest.NewNopSettings(componentType), c)
				require.NoError(t, err)

				require.NoError(t, s.Start(t.Context(), componenttest.NewNopHost()))
				require.NoError(t, s.send(t.Context()), "the queue takes it")
				returned := make(chan error)
				go func() { returned <- s.Shutdown(context.Background()) }()
				select {
				case err := <-returned:
					require.NoError(t, err)
				case <-time.After(patience):
					t.Fatal("shutdown hangs")
				}
			})
		}
	}
}

func TestShutdownWithoutStart(t *testing.T) {
	for signal, create := range sinks {
		s, err := create(t.Context(), exportertest.NewNopSettings(componentType), validConfig())
		require.NoError(t, err)
		assert.NoError(t, s.Shutdown(t.Context()), signal)
	}
}

// TestAPushWhileTheBrokerIsDownFailsAtOnce: a full queue must drain quickly at shutdown.
func TestAPushWhileTheBrokerIsDownFailsAtOnce(t *testing.T) {
	c := validConfig()
	c.Endpoint = "amqp://" + deadAddress(t)
	c.TimeoutConfig.Timeout = time.Hour
	e, err := newExporter(exportertest.NewNopSettings(componentType), c, logsSignal(c))
	require.NoError(t, err)
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, e.shutdown(t.Context())) }()
	data := plog.NewLogs()
	data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()

	assert.ErrorContains(t, e.pushLogs(t.Context(), data), "not connected to the broker at "+c.Endpoint[len("amqp://"):])
}

// TestATooLargeRecordIsCountedOnceItIsGivenUp: as long as it goes round with others that are sent again, nothing is lost.
func TestATooLargeRecordIsCountedOnceItIsGivenUp(t *testing.T) {
	c := validConfig()
	c.Endpoint = "amqp://" + deadAddress(t)
	set := componenttest.NewTelemetry()
	settings := exportertest.NewNopSettings(componentType)
	settings.TelemetrySettings = set.NewTelemetrySettings()
	e, err := newExporter(settings, c, logsSignal(c))
	require.NoError(t, err)
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, e.shutdown(t.Context())) }()
	data := plog.NewLogs()
	records := data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().Body().SetStr("sound")
	records.AppendEmpty().Body().SetStr(strings.Repeat("x", c.MaxMessageSize))

	require.Error(t, e.pushLogs(t.Context(), data))
	assert.EqualValues(t, 1, sum(t, set, "failed_items"), "the sound one")

	records.RemoveIf(func(record plog.LogRecord) bool { return record.Body().Str() == "sound" })
	err = e.pushLogs(t.Context(), data)
	assert.True(t, consumererror.IsPermanent(err))
	assert.EqualValues(t, 2, sum(t, set, "failed_items"))
}

func TestAWrongCertificatePathFailsTheStart(t *testing.T) {
	c := load(t, "rabbitmq/all")
	e, err := newExporter(exportertest.NewNopSettings(componentType), c, logsSignal(c))
	require.NoError(t, err)

	assert.ErrorContains(t, e.start(t.Context(), componenttest.NewNopHost()), "tls: ")
	assert.NoError(t, e.shutdown(t.Context()))
}

// TestCredentialsFromFiles: ${file:…} keeps the line end of the file.
func TestCredentialsFromFiles(t *testing.T) {
	c := validConfig()
	c.Username, c.Password = "collector\n", "with space \r\n"

	address, err := newTestExporter(t, c).address(t.Context())

	require.NoError(t, err)
	assert.Equal(t, "collector", address.Username)
	assert.Equal(t, "with space ", address.Password)
}

func TestASchemeInCapitalsIsEncryptedAsWell(t *testing.T) {
	c := validConfig()
	c.Endpoint = "AMQPS://broker.example"
	require.NoError(t, c.Validate())

	address, err := newTestExporter(t, c).address(t.Context())

	require.NoError(t, err)
	assert.Equal(t, "broker.example:5671", address.HostPort)
	assert.NotNil(t, address.TLS)
}
