package main

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// batch is the messages one batch of spans makes.
type batch []amqp.Delivery

var errNotConfirmed = errors.New("the broker did not confirm a message")

// bareRound publishes ready-made messages on one connection, a channel for each push at once: all messages of a batch, then all
// their confirms.
func (b *bench) bareRound(duration time.Duration) (int, error) {
	connection, err := amqp.Dial(b.options.url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = connection.Close() }()
	deadline := time.Now().Add(duration)
	var batches atomic.Int64
	errs := make([]error, b.options.consumers)
	var loops sync.WaitGroup
	for i := range errs {
		loops.Go(func() { errs[i] = b.bareLoop(connection, deadline, &batches) })
	}
	loops.Wait()
	return int(batches.Load()) * b.options.spans, errors.Join(errs...)
}

func (b *bench) bareLoop(connection *amqp.Connection, deadline time.Time, batches *atomic.Int64) error {
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	if err := channel.Confirm(false); err != nil {
		return err
	}
	for time.Now().Before(deadline) {
		next := b.messages[int(batches.Add(1))%len(b.messages)]
		if err := b.publishBare(channel, next); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) publishBare(channel *amqp.Channel, messages batch) error {
	confirms := make([]*amqp.DeferredConfirmation, len(messages))
	for i, message := range messages {
		confirm, err := channel.PublishWithDeferredConfirm(b.topology.exchange, message.RoutingKey, true, false, publishing(message))
		if err != nil {
			return err
		}
		confirms[i] = confirm
	}
	for _, confirm := range confirms {
		if !confirm.Wait() {
			return errNotConfirmed
		}
	}
	return nil
}

func publishing(m amqp.Delivery) amqp.Publishing {
	return amqp.Publishing{
		Headers: m.Headers, ContentType: m.ContentType, ContentEncoding: m.ContentEncoding, DeliveryMode: m.DeliveryMode,
		MessageId: m.MessageId, Timestamp: m.Timestamp, Type: m.Type, AppId: m.AppId, Body: m.Body,
	}
}
