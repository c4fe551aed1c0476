package rabbitmqexporter

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

func TestDefaultConfigIsSound(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
}

// TestDefaultsKeepData holds those defaults without which a broker that is down for an hour costs data.
func TestDefaultsKeepData(t *testing.T) {
	c := createDefaultConfig().(*Config)
	assert.True(t, c.QueueConfig.HasValue())
	assert.True(t, c.RetryConfig.Enabled)
	assert.Zero(t, c.RetryConfig.MaxElapsedTime, "it never gives up")
}

func load(t *testing.T, name string) *Config {
	t.Helper()
	file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	section, err := file.Sub(name)
	require.NoError(t, err)
	c := createDefaultConfig().(*Config)
	require.NoError(t, section.Unmarshal(c))
	require.NoError(t, xconfmap.Validate(c))
	return c
}

func validConfig() *Config {
	c := createDefaultConfig().(*Config)
	c.Endpoint = "amqp://localhost:5672/hallmark"
	c.Username, c.Password = "collector", "secret"
	return c
}

func TestLeastConfig(t *testing.T) {
	assert.Equal(t, validConfig(), load(t, "rabbitmq"))
}

func TestConfigWithEveryKey(t *testing.T) {
	want := validConfig()
	want.Endpoint = "amqps://broker.example:5671/%2F"
	tls := configtls.NewDefaultClientConfig()
	tls.CAFile, tls.CertFile, tls.KeyFile = "ca.pem", "collector.pem", "collector.key"
	want.TLS = configoptional.Some(tls)
	want.Exchange = "telemetry"
	want.RoutingKey = RoutingKeysConfig{Traces: "traces-%03d", Metrics: "metrics-all", Logs: "logs-all"}
	want.Shards = 64
	want.Compression = configcompression.TypeZstd
	want.MaxMessageSize = 131072
	want.Heartbeat = 5 * time.Second
	want.ConnectionTimeout = 3 * time.Second
	want.TimeoutConfig.Timeout = 20 * time.Second
	want.Reconnect = ReconnectConfig{InitialInterval: 100 * time.Millisecond, MaxInterval: 10 * time.Second}
	want.RetryConfig.InitialInterval = time.Second
	want.RetryConfig.MaxInterval = 5 * time.Second
	want.RetryConfig.MaxElapsedTime = 10 * time.Minute
	queue := exporterhelper.NewDefaultQueueConfig()
	storage := component.MustNewID("file_storage")
	queue.StorageID, queue.NumConsumers, queue.QueueSize = &storage, 4, 5000
	batch := *queue.Batch.GetOrInsertDefault()
	batch.MinSize, batch.MaxSize = 100, 1000
	queue.Batch = configoptional.Some(batch)
	want.QueueConfig = configoptional.Some(queue)

	assert.Equal(t, want, load(t, "rabbitmq/all"))
}

func TestConfigWithoutQueueAndRetry(t *testing.T) {
	c := load(t, "rabbitmq/direct")

	assert.False(t, c.QueueConfig.HasValue())
	assert.False(t, c.RetryConfig.Enabled)
	assert.Equal(t, []string{"spans"}, tracesSignal(c).keys)
}

func TestWhatCannotWorkIsToldInOneLine(t *testing.T) {
	file, err := confmaptest.LoadConf(filepath.Join("testdata", "invalid.yaml"))
	require.NoError(t, err)
	for name := range file.ToStringMap() {
		t.Run(name, func(t *testing.T) {
			wrong, err := file.Sub(name)
			require.NoError(t, err)
			section, err := wrong.Sub("config")
			require.NoError(t, err)
			c := validConfig()
			require.NoError(t, section.Unmarshal(c))
			assert.EqualError(t, c.Validate(), wrong.Get("want").(string))
		})
	}
}

func TestEveryFaultIsReported(t *testing.T) {
	err := createDefaultConfig().(*Config).Validate()

	assert.ErrorContains(t, err, "endpoint: must be set")
	assert.ErrorContains(t, err, "username: must be set")
	assert.ErrorContains(t, err, "password: must be set")
}

func TestPasswordIsNotPrinted(t *testing.T) {
	assert.NotContains(t, fmt.Sprintf("%+v", validConfig()), "secret")
}
