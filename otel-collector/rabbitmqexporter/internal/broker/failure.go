package broker

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Reason says in a word why a message is not known to be in a queue. It is the value of the metrics' reason attribute.
type Reason string

// The reasons, none of which proves that a message did not reach a queue except Blocked, Disconnected and Returned.
const (
	Disconnected  Reason = "disconnected"   // there is no connection
	Blocked       Reason = "blocked"        // the broker accepts nothing: a memory or disk alarm
	Lost          Reason = "lost"           // the connection went while the message was under way
	ChannelClosed Reason = "channel_closed" // the broker closed the channel: no exchange, no permission, a message too large
	Returned      Reason = "returned"       // no queue is bound for the routing key
	Nacked        Reason = "nacked"         // a queue refused it: full, or without a quorum
	Timeout       Reason = "timeout"        // no confirm in time
)

// Failure is why a message is not known to be in a queue.
type Failure struct {
	Reason Reason
	Detail string
	unsent bool
}

func (f *Failure) Error() string { return f.Detail }

// Published says whether the message was handed to the connection.
func (f *Failure) Published() bool { return !f.unsent }

// unsentf is for messages that were not handed to the connection.
func unsentf(reason Reason, format string, args ...any) *Failure {
	return &Failure{Reason: reason, Detail: fmt.Sprintf(format, args...), unsent: true}
}

func failf(reason Reason, format string, args ...any) *Failure {
	return &Failure{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// closedFailure tells what closed a channel. A code between 300 and 499 other than connection-forced and invalid-path is a
// channel's own error (AMQP 0-9-1, section 1.2): the connection stays.
func closedFailure(cause *amqp.Error, exchange string) *Failure {
	if cause == nil {
		return failf(Lost, "the connection to the broker was closed before it confirmed the message")
	}
	switch cause.Code {
	case amqp.NotFound:
		return failf(ChannelClosed, "the broker has no exchange %q: create it: %s", exchange, cause.Reason)
	case amqp.AccessRefused:
		return failf(ChannelClosed, "the broker refuses to let this user write to exchange %q: grant it: %s", exchange, cause.Reason)
	case amqp.PreconditionFailed:
		return failf(ChannelClosed, "the broker refused the message: %s", cause.Reason)
	}
	return failf(Lost, "the connection to the broker was lost before it confirmed the message: %s", cause.Error())
}

// AsFailure finds the Failure in err.
func AsFailure(err error) (*Failure, bool) {
	var failure *Failure
	return failure, errors.As(err, &failure)
}
