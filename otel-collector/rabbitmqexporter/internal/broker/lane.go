package broker

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// maxInFlight bounds the unconfirmed messages of a lane. The library drops a return whose listener is full, and a dropped return
// followed by its confirm would look like success: the listener has room for a return of each message in flight.
const maxInFlight = 512

// Message is one message and the number of records in it.
type Message struct {
	Key        string
	Records    int
	Publishing amqp.Publishing
}

// lane is one channel in confirm mode, used by one push at a time.
type lane struct {
	exchange string
	conn     *gatheringConn
	channel  *amqp.Channel
	returns  chan amqp.Return
	closed   chan *amqp.Error
	cause    *amqp.Error
}

func openLane(connection *amqp.Connection, conn *gatheringConn, exchange string) (*lane, error) {
	channel, err := connection.Channel()
	if err != nil {
		return nil, err
	}
	if err := channel.Confirm(false); err != nil {
		return nil, err
	}
	return &lane{
		exchange: exchange,
		conn:     conn,
		channel:  channel,
		returns:  channel.NotifyReturn(make(chan amqp.Return, maxInFlight)),
		closed:   channel.NotifyClose(make(chan *amqp.Error, 1)),
	}, nil
}

// publish publishes up to maxInFlight messages and waits for the broker's verdict on each: nil where a queue has it.
// proceed is asked before each message.
func (l *lane) publish(ctx context.Context, messages []Message, proceed func() *Failure) []error {
	verdicts := make([]error, len(messages))
	confirms := l.send(ctx, messages, verdicts, proceed)
	for i, confirm := range confirms {
		if confirm != nil {
			verdicts[i] = l.await(ctx, messages[i].Key, confirm)
		}
	}
	l.markReturned(messages, verdicts)
	return verdicts
}

// send publishes the messages, and sets the verdict of those that could not be.
func (l *lane) send(ctx context.Context, messages []Message, verdicts []error, proceed func() *Failure) []*amqp.DeferredConfirmation {
	l.conn.gather()
	defer l.conn.release()
	confirms := make([]*amqp.DeferredConfirmation, len(messages))
	for i, message := range messages {
		if failure := l.mayPublish(ctx, proceed); failure != nil {
			fill(verdicts[i:], failure)
			break
		}
		confirm, err := l.channel.PublishWithDeferredConfirm(l.exchange, message.Key, true, false, message.Publishing)
		if err != nil {
			fill(verdicts[i:], l.publishFailure(err))
			break
		}
		confirms[i] = confirm
	}
	return confirms
}

func (l *lane) mayPublish(ctx context.Context, proceed func() *Failure) *Failure {
	if ctx.Err() != nil {
		return unsentf(Timeout, "out of time before the message was published: %v", ctx.Err())
	}
	return proceed()
}

// publishFailure is for a message the connection did not take whole, and for those after it.
func (l *lane) publishFailure(err error) *Failure {
	if !l.channel.IsClosed() {
		return unsentf(Lost, "publish: %v", err)
	}
	failure := closedFailure(l.closeCause(), l.exchange)
	failure.unsent = true
	return failure
}

func (l *lane) await(ctx context.Context, key string, confirm *amqp.DeferredConfirmation) error {
	acked, err := confirm.WaitContext(ctx)
	switch {
	case err != nil:
		return failf(Timeout, "the broker did not confirm in time: %v", err)
	case acked:
		return nil
	case l.channel.IsClosed():
		// The library resolves what is open as refused when a channel closes.
		return closedFailure(l.closeCause(), l.exchange)
	}
	return failf(Nacked, "a queue for routing key %q refused the message: it is full or has no quorum", key)
}

// markReturned sets the verdict of returned messages. A return comes before its confirm (RabbitMQ, "Publisher Confirms"), so all
// returns that belong to confirmed messages are there.
func (l *lane) markReturned(messages []Message, verdicts []error) {
	returned := map[string]amqp.Return{}
	for {
		select {
		case r, ok := <-l.returns:
			if ok {
				returned[r.MessageId] = r
				continue
			}
		default:
		}
		break
	}
	for i := range messages {
		if r, found := returned[messages[i].Publishing.MessageId]; found {
			verdicts[i] = failf(Returned, "no queue takes routing key %q of exchange %q: bind one: %d %s",
				r.RoutingKey, l.exchange, r.ReplyCode, r.ReplyText)
		}
	}
}

func (l *lane) closeCause() *amqp.Error {
	if cause, ok := <-l.closed; ok {
		l.cause = cause
	}
	return l.cause
}

func fill(verdicts []error, failure *Failure) {
	for i := range verdicts {
		verdicts[i] = failure
	}
}
