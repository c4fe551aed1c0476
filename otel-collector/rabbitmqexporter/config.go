package rabbitmqexporter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

const (
	maxShards = 1000
	// minMessageBytes leaves room for a resource and a span of ordinary size.
	minMessageBytes = 4 << 10
	// maxHeartbeat is what the protocol's field holds.
	maxHeartbeat = 65535 * time.Second
	noneType     = configcompression.Type("none")
)

// Config configures the exporter.
type Config struct {
	TimeoutConfig exporterhelper.TimeoutConfig                             `mapstructure:",squash"`
	QueueConfig   configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	RetryConfig   configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`

	// Endpoint is the broker's URL, amqp:// or amqps://, with the virtual host as its path and without credentials.
	Endpoint string                                          `mapstructure:"endpoint"`
	Username string                                          `mapstructure:"username"`
	Password configopaque.String                             `mapstructure:"password"`
	TLS      configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`

	// Exchange is published to; it must exist.
	Exchange   string            `mapstructure:"exchange"`
	RoutingKey RoutingKeysConfig `mapstructure:"routing_key"`
	// Shards is the number of routing keys spans are spread over, by trace id.
	Shards int `mapstructure:"shards"`

	Compression configcompression.Type `mapstructure:"compression"`
	// MaxMessageSize is the most bytes of one message's body before compression.
	MaxMessageSize int `mapstructure:"max_message_size"`

	Heartbeat         time.Duration   `mapstructure:"heartbeat"`
	ConnectionTimeout time.Duration   `mapstructure:"connection_timeout"`
	Reconnect         ReconnectConfig `mapstructure:"reconnect"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RoutingKeysConfig holds the routing key of each signal. That of traces holds one verb for the shard, such as %02d; with one
// shard it need not.
type RoutingKeysConfig struct {
	Traces  string `mapstructure:"traces"`
	Metrics string `mapstructure:"metrics"`
	Logs    string `mapstructure:"logs"`
}

// ReconnectConfig is the pause between attempts to connect: doubled, with jitter, from the initial to the maximal interval.
type ReconnectConfig struct {
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	MaxInterval     time.Duration `mapstructure:"max_interval"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	// Never give up: what the queue cannot hold is refused at its entrance and counted there, what it holds is kept.
	retry.MaxElapsedTime = 0
	return &Config{
		TimeoutConfig:     exporterhelper.TimeoutConfig{Timeout: 30 * time.Second},
		QueueConfig:       configoptional.Some(exporterhelper.NewDefaultQueueConfig()),
		RetryConfig:       retry,
		Exchange:          "hallmark.telemetry",
		RoutingKey:        RoutingKeysConfig{Traces: "spans.%02d", Metrics: "metrics", Logs: "logs"},
		Shards:            16,
		Compression:       noneType,
		MaxMessageSize:    4 << 20,
		Heartbeat:         10 * time.Second,
		ConnectionTimeout: 10 * time.Second,
		Reconnect:         ReconnectConfig{InitialInterval: 500 * time.Millisecond, MaxInterval: 30 * time.Second},
	}
}

// Validate reports every setting that cannot work, one line each, beginning with its key.
func (c *Config) Validate() error {
	return errors.Join(
		c.validateEndpoint(),
		check(withoutLineEnd(c.Username) != "", "username: must be set"),
		check(withoutLineEnd(string(c.Password)) != "", "password: must be set, for example to ${env:RABBITMQ_PASSWORD}"),
		c.validateTLS(),
		check(c.Exchange != "", "exchange: must be set"),
		validateKey("routing_key::metrics", c.RoutingKey.Metrics),
		validateKey("routing_key::logs", c.RoutingKey.Logs),
		c.validateShards(),
		c.validateCompression(),
		check(c.MaxMessageSize >= minMessageBytes, "max_message_size: must be at least %d bytes, not %d", minMessageBytes, c.MaxMessageSize),
		c.validateTimes(),
	)
}

func (c *Config) validateEndpoint() error {
	if c.Endpoint == "" {
		return errors.New("endpoint: must be set, for example to amqp://localhost:5672/hallmark")
	}
	parsed, err := url.Parse(c.Endpoint)
	if err != nil {
		return errors.New("endpoint: must be a URL such as amqp://localhost:5672/hallmark")
	}
	if parsed.User != nil {
		return errors.New("endpoint: must hold no credentials: set username and password instead")
	}
	if parsed.RawQuery != "" {
		return errors.New("endpoint: must hold no query: each setting has a key of its own")
	}
	if _, err := amqp.ParseURI(c.Endpoint); err != nil {
		return fmt.Errorf("endpoint: must be a URL such as amqp://localhost:5672/hallmark: %w", err)
	}
	// The client library would take localhost, even where it is a variable that is not set.
	return check(parsed.Hostname() != "", "endpoint: must name a host, such as in amqp://localhost:5672/hallmark")
}

func (c *Config) secure() bool { return strings.HasPrefix(strings.ToLower(c.Endpoint), "amqps://") }

func (c *Config) validateTLS() error {
	if !c.TLS.HasValue() {
		return nil
	}
	if !c.secure() {
		return errors.New("tls: needs an endpoint that begins with amqps://")
	}
	return check(!c.TLS.Get().Insecure, "tls::insecure: contradicts the endpoint: for a connection in the clear write amqp://")
}

func (c *Config) validateShards() error {
	if c.Shards < 1 || c.Shards > maxShards {
		return fmt.Errorf("shards: must be from 1 to %d, not %d", maxShards, c.Shards)
	}
	first, second := routingKey(c.RoutingKey.Traces, 0), routingKey(c.RoutingKey.Traces, 1)
	if strings.Contains(first, "%!") || (c.Shards > 1 && first == second) {
		return fmt.Errorf("routing_key::traces: must hold one verb for the shard, such as spans.%%02d, not %q", c.RoutingKey.Traces)
	}
	return validateKey("routing_key::traces", c.RoutingKey.Traces)
}

func (c *Config) validateCompression() error {
	switch c.Compression {
	case noneType, "", configcompression.TypeGzip, configcompression.TypeZstd:
		return nil
	}
	return fmt.Errorf("compression: must be none, gzip or zstd, not %q", c.Compression)
}

func (c *Config) validateTimes() error {
	return errors.Join(
		check(c.TimeoutConfig.Timeout > 0, "timeout: must be positive: a broker that never confirms would hold a push for ever"),
		check(c.Heartbeat >= time.Second && c.Heartbeat <= maxHeartbeat, "heartbeat: must be from 1s to %s, not %s", maxHeartbeat, c.Heartbeat),
		check(c.ConnectionTimeout > 0, "connection_timeout: must be positive, not %s", c.ConnectionTimeout),
		check(c.Reconnect.InitialInterval > 0, "reconnect::initial_interval: must be positive, not %s", c.Reconnect.InitialInterval),
		check(c.Reconnect.MaxInterval >= c.Reconnect.InitialInterval,
			"reconnect::max_interval: must not be below initial_interval (%s), but is %s", c.Reconnect.InitialInterval, c.Reconnect.MaxInterval),
	)
}

// validateKey checks what AMQP's short string can hold.
func validateKey(name, key string) error {
	return check(key != "" && len(key) <= 200, "%s: must be 1 to 200 bytes, not %d", name, len(key))
}

// withoutLineEnd drops what ${file:…} brings along from a file that ends as text files do.
func withoutLineEnd(s string) string { return strings.TrimRight(s, "\r\n") }

func check(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
