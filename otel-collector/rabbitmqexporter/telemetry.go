package rabbitmqexporter

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

const (
	scopeName    = "hallmark.internal/rabbitmqexporter"
	metricPrefix = "otelcol_exporter_rabbitmq_"
	// reasonTooLarge is the reason of the records that no message may hold; the others are broker.Reason.
	reasonTooLarge = "too_large"
)

// telemetry records the exporter's own metrics. The attributes are those of the collector's other exporter metrics.
type telemetry struct {
	attributes attribute.Set

	publishedCount, confirmedCount, returnedCount, nackedCount, failedCount counters

	reconnects     metric.Int64Counter
	latency        metric.Float64Histogram
	connectedGauge metric.Int64Gauge
	blockedGauge   metric.Int64Gauge
}

// counters count messages and the records in them.
type counters struct{ messages, items metric.Int64Counter }

func (c counters) add(ctx context.Context, messages, items int, options ...metric.AddOption) {
	c.messages.Add(ctx, int64(messages), options...)
	c.items.Add(ctx, int64(items), options...)
}

func newTelemetry(settings exporter.Settings, signal string) (*telemetry, error) {
	build := builder{meter: settings.MeterProvider.Meter(scopeName)}
	t := &telemetry{
		attributes: attribute.NewSet(attribute.String("exporter", settings.ID.String()), attribute.String("data_type", signal)),

		publishedCount: build.counters("published", "handed to the connection"),
		confirmedCount: build.counters("confirmed", "confirmed by the broker"),
		returnedCount:  build.counters("returned", "returned by the broker because no queue takes their routing key"),
		nackedCount:    build.counters("nacked", "refused by a queue, as a rule because it is full"),
		failedCount:    build.counters("failed", "not known to have arrived, for any reason; all but too_large are retried"),

		reconnects:     build.counter("reconnects", "{reconnects}", "Connections regained after a loss."),
		latency:        build.histogram("confirm_duration", "Time from asking for a channel to the broker's last verdict on a push's messages."),
		connectedGauge: build.gauge("connected", "1 while there is a connection to the broker, else 0."),
		blockedGauge:   build.gauge("blocked", "1 while the broker has blocked publishing, else 0."),
	}
	return t, errors.Join(build.errs...)
}

// published records a push: what became of each of its messages, and how long the broker took.
func (t *telemetry) published(ctx context.Context, messages []broker.Message, verdicts []error, took time.Duration) {
	with := metric.WithAttributeSet(t.attributes)
	sent := false
	for i, verdict := range verdicts {
		items := messages[i].Records
		failure, failed := broker.AsFailure(verdict)
		if !failed || failure.Published() {
			t.publishedCount.add(ctx, 1, items, with)
			sent = true
		}
		if !failed {
			t.confirmedCount.add(ctx, 1, items, with)
			continue
		}
		t.failed(ctx, 1, items, string(failure.Reason))
		switch failure.Reason {
		case broker.Returned:
			t.returnedCount.add(ctx, 1, items, with)
		case broker.Nacked:
			t.nackedCount.add(ctx, 1, items, with)
		}
	}
	if sent {
		t.latency.Record(ctx, took.Seconds(), with)
	}
}

func (t *telemetry) oversize(ctx context.Context, parts []wire.Part) {
	if len(parts) > 0 {
		t.failed(ctx, len(parts), records(parts), reasonTooLarge)
	}
}

func (t *telemetry) failed(ctx context.Context, messages, items int, reason string) {
	t.failedCount.add(ctx, messages, items, metric.WithAttributeSet(t.attributes), metric.WithAttributes(attribute.String("reason", reason)))
}

func (t *telemetry) reconnected() {
	t.reconnects.Add(context.Background(), 1, metric.WithAttributeSet(t.attributes))
}

func (t *telemetry) connected(yes bool) { t.set(t.connectedGauge, yes) }

func (t *telemetry) blocked(yes bool) { t.set(t.blockedGauge, yes) }

func (t *telemetry) set(gauge metric.Int64Gauge, yes bool) {
	value := int64(0)
	if yes {
		value = 1
	}
	gauge.Record(context.Background(), value, metric.WithAttributeSet(t.attributes))
}

// builder makes instruments and gathers the errors.
type builder struct {
	meter metric.Meter
	errs  []error
}

func (b *builder) counters(name, what string) counters {
	return counters{
		messages: b.counter(name+"_messages", "{messages}", "Messages "+what+"."),
		items:    b.counter(name+"_items", "{items}", "Spans, data points or log records in the messages "+what+"."),
	}
}

func (b *builder) counter(name, unit, description string) metric.Int64Counter {
	counter, err := b.meter.Int64Counter(metricPrefix+name, metric.WithUnit(unit), metric.WithDescription(description))
	b.errs = append(b.errs, err)
	return counter
}

func (b *builder) gauge(name, description string) metric.Int64Gauge {
	gauge, err := b.meter.Int64Gauge(metricPrefix+name, metric.WithUnit("1"), metric.WithDescription(description))
	b.errs = append(b.errs, err)
	return gauge
}

func (b *builder) histogram(name, description string) metric.Float64Histogram {
	histogram, err := b.meter.Float64Histogram(metricPrefix+name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	b.errs = append(b.errs, err)
	return histogram
}
