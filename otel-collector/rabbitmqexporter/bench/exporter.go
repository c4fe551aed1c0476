package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"hallmark.internal/rabbitmqexporter"
)

const (
	confirmedItems = "otelcol_exporter_rabbitmq_confirmed_items"
	// drainPause is how often the exporter is asked whether it is done, once the round's time is over.
	drainPause = 2 * time.Millisecond
	// drainLimit is when to give up waiting for that.
	drainLimit = 30 * time.Second
)

// subject is a running exporter.
type subject struct {
	exporter.Traces
	telemetry *componenttest.Telemetry
}

func (b *bench) startExporter() (*subject, error) {
	factory := rabbitmqexporter.NewFactory()
	config := factory.CreateDefaultConfig().(*rabbitmqexporter.Config)
	if err := b.configure(config); err != nil {
		return nil, err
	}
	s := &subject{telemetry: componenttest.NewTelemetry()}
	settings := exportertest.NewNopSettings(factory.Type())
	settings.MeterProvider = s.telemetry.NewTelemetrySettings().MeterProvider // and no traces, as in a collector by default
	traces, err := factory.CreateTraces(context.Background(), settings, config)
	if err != nil {
		return nil, err
	}
	s.Traces = traces
	return s, s.Start(context.Background(), componenttest.NewNopHost())
}

func (b *bench) configure(config *rabbitmqexporter.Config) error {
	parsed, err := url.Parse(b.options.url)
	if err != nil {
		return err
	}
	password, _ := parsed.User.Password()
	config.Endpoint = fmt.Sprintf("%s://%s%s", parsed.Scheme, parsed.Host, parsed.EscapedPath())
	config.Username, config.Password = parsed.User.Username(), configopaque.String(password)
	config.Exchange = b.topology.exchange
	config.Compression = configcompression.Type(b.options.compression)
	queue := config.QueueConfig.Get()
	queue.NumConsumers = b.options.consumers
	queue.QueueSize = int64(4 * b.options.consumers)
	queue.BlockOnOverflow = true
	return config.Validate()
}

// exporterRound hands batches to the exporter, as fast as its queue takes them, and waits until all are confirmed.
func (b *bench) exporterRound(duration time.Duration) (int, error) {
	s, err := b.startExporter()
	if err != nil {
		return 0, err
	}
	handed := 0
	for deadline := time.Now().Add(duration); time.Now().Before(deadline); handed++ {
		if err := s.ConsumeTraces(context.Background(), b.batches[handed%len(b.batches)]); err != nil {
			return 0, errors.Join(err, s.Shutdown(context.Background()))
		}
	}
	spans := handed * b.options.spans
	err = s.await(int64(spans))
	return spans, errors.Join(err, s.Shutdown(context.Background()))
}

func (s *subject) await(spans int64) error {
	for limit := time.Now().Add(drainLimit); time.Now().Before(limit); time.Sleep(drainPause) {
		if s.confirmed() >= spans {
			return nil
		}
	}
	return fmt.Errorf("%d of %d spans were confirmed within %s of the round's end", s.confirmed(), spans, drainLimit)
}

func (s *subject) confirmed() (sum int64) {
	found, err := s.telemetry.GetMetric(confirmedItems)
	if err != nil {
		return 0 // nothing was confirmed yet
	}
	for _, point := range found.Data.(metricdata.Sum[int64]).DataPoints {
		sum += point.Value
	}
	return sum
}

// record has the exporter publish each batch once and takes the messages off the queues: what the bare loop publishes is what the
// exporter makes, to the byte.
func (b *bench) record() ([]batch, error) {
	s, err := b.startExporter()
	if err != nil {
		return nil, err
	}
	var recorded []batch
	for i, traces := range b.batches {
		if err := s.ConsumeTraces(context.Background(), traces); err != nil {
			return nil, errors.Join(err, s.Shutdown(context.Background()))
		}
		if err := s.await(int64(i+1) * int64(b.options.spans)); err != nil {
			return nil, errors.Join(err, s.Shutdown(context.Background()))
		}
		messages, err := b.topology.take()
		if err != nil {
			return nil, errors.Join(err, s.Shutdown(context.Background()))
		}
		recorded = append(recorded, messages)
	}
	return recorded, s.Shutdown(context.Background())
}
