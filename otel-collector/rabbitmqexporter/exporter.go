package rabbitmqexporter

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

// defaultConcurrency is the number of channels without a sending queue, when the receivers' own goroutines push.
const defaultConcurrency = 10

// rabbitExporter exports one signal.
type rabbitExporter struct {
	config    *Config
	settings  exporter.Settings
	signal    signal
	messages  messageFactory
	telemetry *telemetry
	splitters sync.Pool

	link      *broker.Link
	publisher *broker.Publisher
	// maxBytes is the setting, or less if the broker turned out to allow less.
	maxBytes atomic.Int64
}

func newExporter(settings exporter.Settings, config *Config, signal signal) (*rabbitExporter, error) {
	compressor, err := newCompressor(config.Compression)
	if err != nil {
		return nil, err
	}
	telemetry, err := newTelemetry(settings, signal.name)
	if err != nil {
		return nil, err
	}
	e := &rabbitExporter{config: config, settings: settings, signal: signal, telemetry: telemetry,
		messages: newMessageFactory(compressor, signal, settings.BuildInfo.Command)}
	e.splitters.New = func() any { return wire.NewSplitter(signal.schema, len(signal.keys)) }
	e.maxBytes.Store(int64(config.MaxMessageSize))
	return e, nil
}

func (e *rabbitExporter) options() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithTimeout(e.config.TimeoutConfig),
		exporterhelper.WithRetry(e.config.RetryConfig),
		exporterhelper.WithQueue(e.config.QueueConfig),
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
	}
}

// start begins to connect. A broker that is down is no reason to fail: the queue takes the data meanwhile.
func (e *rabbitExporter) start(ctx context.Context, host component.Host) error {
	address, err := e.address(ctx)
	if err != nil {
		return err
	}
	backoff := broker.Backoff{Initial: e.config.Reconnect.InitialInterval, Max: e.config.Reconnect.MaxInterval}
	e.link = broker.NewLink(address, e.config.Exchange, backoff, newReporter(e.settings.Logger, e.telemetry, host, address.HostPort))
	e.publisher = broker.NewPublisher(e.link, e.concurrency())
	e.link.Start()
	return nil
}

func (e *rabbitExporter) shutdown(context.Context) error {
	if e.link != nil {
		e.link.Close()
	}
	return nil
}

func (e *rabbitExporter) concurrency() int {
	if e.config.QueueConfig.HasValue() {
		return e.config.QueueConfig.Get().NumConsumers
	}
	return defaultConcurrency
}

func (e *rabbitExporter) address(ctx context.Context) (broker.Address, error) {
	uri, err := amqp.ParseURI(e.config.Endpoint)
	if err != nil {
		return broker.Address{}, fmt.Errorf("endpoint: %w", err)
	}
	tlsConfig, err := e.config.loadTLS(ctx, uri.Host)
	if err != nil {
		return broker.Address{}, fmt.Errorf("tls: %w", err)
	}
	return broker.Address{
		HostPort:       net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port)),
		Vhost:          uri.Vhost,
		Username:       withoutLineEnd(e.config.Username),
		Password:       withoutLineEnd(string(e.config.Password)),
		TLS:            tlsConfig,
		Name:           fmt.Sprintf("%s %s %s", e.settings.BuildInfo.Command, e.settings.ID, e.signal.name),
		Heartbeat:      e.config.Heartbeat,
		ConnectTimeout: e.config.ConnectionTimeout,
		WriteTimeout:   e.config.TimeoutConfig.Timeout,
	}, nil
}

// export publishes an encoded export request. On failure, rest is the encoded request made of what is to be sent again; it is
// nil where that is everything or nothing.
func (e *rabbitExporter) export(ctx context.Context, body []byte) (rest []byte, err error) {
	splitter := e.splitters.Get().(*wire.Splitter)
	defer e.splitters.Put(splitter) // the client library keeps no message once it is written
	parts, err := splitter.Split(body, int(e.maxBytes.Load()))
	if err != nil {
		return nil, consumererror.NewPermanent(err)
	}
	sendable, oversize := divide(parts)
	messages, err := e.messages.make(sendable, time.Now())
	if err != nil {
		return nil, consumererror.NewPermanent(err)
	}
	began := time.Now()
	verdicts := e.publisher.Publish(ctx, messages)
	e.telemetry.published(ctx, messages, verdicts, time.Since(began))
	e.learnLimit(verdicts)
	rest, err = e.outcome(sendable, verdicts, oversize)
	if consumererror.IsPermanent(err) {
		e.telemetry.oversize(ctx, oversize)
	}
	return rest, err
}

// divide separates the parts no message can hold.
func divide(parts []wire.Part) (sendable, oversize []wire.Part) {
	for _, part := range parts {
		if part.Oversize {
			oversize = append(oversize, part)
		} else {
			sendable = append(sendable, part)
		}
	}
	return sendable, oversize
}
