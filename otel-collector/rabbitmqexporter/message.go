package rabbitmqexporter

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

const (
	contentType   = "application/x-protobuf"
	shardHeader   = "hallmark-shard"
	recordsHeader = "hallmark-spans"
)

// messageFactory turns parts of a batch into messages.
type messageFactory struct {
	compressor compressor
	signal     signal
	appID      string
	newID      func() string
}

func newMessageFactory(compressor compressor, signal signal, appID string) messageFactory {
	return messageFactory{compressor: compressor, signal: signal, appID: appID, newID: uuid.NewString}
}

func (f messageFactory) make(parts []wire.Part, now time.Time) ([]broker.Message, error) {
	messages := make([]broker.Message, len(parts))
	for i, part := range parts {
		body, err := f.compressor.compress(part.Body)
		if err != nil {
			return nil, fmt.Errorf("compress %s: %w", f.signal.items, err)
		}
		messages[i] = broker.Message{Key: f.signal.keys[part.Shard], Records: part.Records, Publishing: f.publishing(part, body, now)}
	}
	return messages, nil
}

func (f messageFactory) publishing(part wire.Part, body []byte, now time.Time) amqp.Publishing {
	return amqp.Publishing{
		Headers:         amqp.Table{shardHeader: int32(part.Shard), recordsHeader: int32(part.Records)},
		ContentType:     contentType,
		ContentEncoding: f.compressor.encoding,
		DeliveryMode:    amqp.Persistent,
		MessageId:       f.newID(),
		Timestamp:       now,
		Type:            f.signal.request,
		AppId:           f.appID,
		Body:            body,
	}
}
