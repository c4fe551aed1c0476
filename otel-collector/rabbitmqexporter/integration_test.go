//go:build integration

package rabbitmqexporter

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

const brokerURL = "HALLMARK_TEST_AMQP_URL"

// testBroker is an exchange of its own on the real broker, with the queues a test binds to it.
type testBroker struct {
	t        *testing.T
	url      *url.URL
	exchange string
	channel  *amqp.Channel
	queues   []string
}

func newTestBroker(t *testing.T) *testBroker {
	t.Helper()
	raw := os.Getenv(brokerURL)
	if raw == "" {
		t.Skipf("%s is not set: it names the RabbitMQ broker to test with", brokerURL)
	}
	parsed, err := url.Parse(raw)
	require.NoError(t, err)
	connection, err := amqp.Dial(raw)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	require.NoError(t, err)
	b := &testBroker{t: t, url: parsed, exchange: fmt.Sprintf("test.%d", time.Now().UnixNano()), channel: channel}
	require.NoError(t, channel.ExchangeDeclare(b.exchange, amqp.ExchangeDirect, false, false, false, false, nil))
	t.Cleanup(b.remove)
	return b
}

func (b *testBroker) remove() {
	for _, queue := range b.queues {
		_, _ = b.channel.QueueDelete(queue, false, false, false)
	}
	_ = b.channel.ExchangeDelete(b.exchange, false, false)
}

// bind makes a quorum queue for each key.
func (b *testBroker) bind(args amqp.Table, keys ...string) {
	b.t.Helper()
	all := amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum}
	for name, value := range args {
		all[name] = value
	}
	for _, key := range keys {
		queue := b.exchange + "." + key
		_, err := b.channel.QueueDeclare(queue, true, false, false, false, all)
		require.NoError(b.t, err)
		require.NoError(b.t, b.channel.QueueBind(queue, key, b.exchange, false, nil))
		b.queues = append(b.queues, queue)
	}
}

// config points at the broker, or at what stands before it if address is not empty, with the queue and retries switched off, so
// that a push's own result is seen.
func (b *testBroker) config(address string) *Config {
	c := createDefaultConfig().(*Config)
	if address == "" {
		address = b.url.Host
	}
	c.Endpoint = "amqp://" + address + b.url.EscapedPath()
	c.Username = b.url.User.Username()
	password, _ := b.url.User.Password()
	c.Password = configopaque.String(password)
	c.Exchange = b.exchange
	c.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	c.RetryConfig.Enabled = false
	c.TimeoutConfig.Timeout = patience
	c.Reconnect = ReconnectConfig{InitialInterval: 10 * time.Millisecond, MaxInterval: 50 * time.Millisecond}
	return c
}

// drain takes all messages that are in the queues.
func (b *testBroker) drain() (messages []amqp.Delivery) {
	b.t.Helper()
	for _, queue := range b.queues {
		for {
			message, found, err := b.channel.Get(queue, true)
			require.NoError(b.t, err)
			if !found {
				break
			}
			messages = append(messages, message)
		}
	}
	return messages
}

// rig is a started exporter and what it tells.
type rig struct {
	exporter.Traces
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
}

func startTraces(t *testing.T, c *Config) *rig {
	t.Helper()
	require.NoError(t, c.Validate())
	r := &rig{telemetry: componenttest.NewTelemetry()}
	core, logs := observer.New(zapcore.InfoLevel)
	r.logs = logs
	settings := exportertest.NewNopSettings(componentType)
	settings.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	settings.Logger = zap.New(core)
	traces, err := NewFactory().CreateTraces(t.Context(), settings, c)
	require.NoError(t, err)
	r.Traces = traces
	require.NoError(t, traces.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, traces.Shutdown(context.Background())) })
	return r
}

// spanIDs counts how often each span arrived.
func spanIDs(t *testing.T, messages []amqp.Delivery) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for _, message := range messages {
		traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(message.Body)
		require.NoError(t, err)
		countSpans(traces, seen)
	}
	return seen
}

func countSpans(traces ptrace.Traces, seen map[string]int) {
	for _, group := range traces.ResourceSpans().All() {
		for _, scope := range group.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				seen[span.TraceID().String()+span.SpanID().String()]++
			}
		}
	}
}
