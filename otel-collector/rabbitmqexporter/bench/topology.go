package main

import (
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	shards = 16
	// queueBytes bounds each queue, oldest out first, so that a round's length does not decide about the broker's memory.
	queueBytes = 32 << 20
)

// topology is an exchange with a quorum queue for each shard, for this run alone.
type topology struct {
	exchange   string
	connection *amqp.Connection
	channel    *amqp.Channel
}

func declare(url string) (*topology, error) {
	connection, err := amqp.Dial(url)
	if err != nil {
		return nil, err
	}
	channel, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	t := &topology{exchange: fmt.Sprintf("hallmark.bench.%d", time.Now().UnixNano()), connection: connection, channel: channel}
	if err := t.create(); err != nil {
		t.remove()
		return nil, err
	}
	return t, nil
}

func (t *topology) create() error {
	if err := t.channel.ExchangeDeclare(t.exchange, amqp.ExchangeDirect, true, false, false, false, nil); err != nil {
		return err
	}
	arguments := amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum, amqp.QueueMaxLenBytesArg: int64(queueBytes)}
	for shard := range shards {
		if _, err := t.channel.QueueDeclare(t.queue(shard), true, false, false, false, arguments); err != nil {
			return err
		}
		if err := t.channel.QueueBind(t.queue(shard), key(shard), t.exchange, false, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *topology) queue(shard int) string { return t.exchange + "." + key(shard) }

func key(shard int) string { return fmt.Sprintf("spans.%02d", shard) }

func (t *topology) purge() error {
	for shard := range shards {
		if _, err := t.channel.QueuePurge(t.queue(shard), false); err != nil {
			return err
		}
	}
	return nil
}

// take takes everything that is in the queues.
func (t *topology) take() (messages []amqp.Delivery, err error) {
	for shard := range shards {
		for {
			message, found, err := t.channel.Get(t.queue(shard), true)
			if err != nil {
				return nil, err
			}
			if !found {
				break
			}
			messages = append(messages, message)
		}
	}
	return messages, nil
}

// remove leaves the broker as it was. What cannot be removed is not worth failing for.
func (t *topology) remove() {
	for shard := range shards {
		_, _ = t.channel.QueueDelete(t.queue(shard), false, false, false)
	}
	_ = t.channel.ExchangeDelete(t.exchange, false, false)
	_ = t.connection.Close()
}
