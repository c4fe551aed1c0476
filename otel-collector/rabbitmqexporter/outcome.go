package rabbitmqexporter

import (
	"fmt"
	"regexp"
	"strconv"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

// outcome makes one error of the verdicts on the parts of a push. Whatever may yet arrive is retried, for a topology can be mended
// and lost data cannot; only a record that is too large by itself is given up, and only once everything else has arrived.
func (e *rabbitExporter) outcome(parts []wire.Part, verdicts []error, oversize []wire.Part) (rest []byte, err error) {
	var failed []wire.Part
	var first error
	for i, verdict := range verdicts {
		if verdict == nil {
			continue
		}
		if first == nil {
			first = verdict
		}
		failed = append(failed, parts[i])
	}
	switch {
	case first != nil && len(failed) == len(parts):
		return nil, e.retryable(first, failed, parts)
	case first != nil:
		return join(append(failed, oversize...)), e.retryable(first, failed, parts)
	case len(oversize) > 0:
		return nil, consumererror.NewPermanent(e.tooLarge(oversize))
	}
	return nil, nil
}

func (e *rabbitExporter) retryable(first error, failed, all []wire.Part) error {
	return fmt.Errorf("%d of %d %s were not confirmed: %w", records(failed), records(all), e.signal.items, first)
}

func (e *rabbitExporter) tooLarge(oversize []wire.Part) error {
	return fmt.Errorf("%d %s dropped, larger than %d bytes each (the first: %d): raise max_message_size, or the broker's own; all others arrived",
		records(oversize), e.signal.items, e.maxBytes.Load(), len(oversize[0].Body))
}

func records(parts []wire.Part) (sum int) {
	for _, part := range parts {
		sum += part.Records
	}
	return sum
}

// join makes one export request of several: in protobuf, concatenation appends repeated fields.
func join(parts []wire.Part) (body []byte) {
	for _, part := range parts {
		body = append(body, part.Body...)
	}
	return body
}

// brokerLimit finds the broker's limit in the reason it gives for closing a channel over a message larger than that.
var brokerLimit = regexp.MustCompile(`message size \d+(?: bytes)? is larger than (?:configured )?max size (\d+)`)

// learnLimit lowers the message size to what the broker allows, so that the retry is split finer.
func (e *rabbitExporter) learnLimit(verdicts []error) {
	for _, verdict := range verdicts {
		failure, failed := broker.AsFailure(verdict)
		if !failed || failure.Reason != broker.ChannelClosed {
			continue
		}
		if found := brokerLimit.FindStringSubmatch(failure.Detail); found != nil {
			e.lowerLimit(found[1])
			return
		}
	}
}

func (e *rabbitExporter) lowerLimit(digits string) {
	limit, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || limit <= 0 || limit >= e.maxBytes.Load() {
		return
	}
	e.maxBytes.Store(limit)
	e.settings.Logger.Warn("The broker allows smaller messages than max_message_size; using its limit.",
		zap.Int64("bytes", limit), zap.Int("max_message_size", e.config.MaxMessageSize))
}
