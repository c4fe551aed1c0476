package broker

import (
	"errors"
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
)

func TestWhatClosedAChannelIsTold(t *testing.T) {
	for _, example := range []struct {
		cause  *amqp.Error
		reason Reason
		detail string
	}{
		{nil, Lost, "the connection to the broker was closed before it confirmed the message"},
		{&amqp.Error{Code: 404, Reason: "NOT_FOUND"}, ChannelClosed, `the broker has no exchange "x": create it: NOT_FOUND`},
		{&amqp.Error{Code: 403, Reason: "ACCESS_REFUSED"}, ChannelClosed, `the broker refuses to let this user write to exchange "x": grant it: ACCESS_REFUSED`},
		{&amqp.Error{Code: 406, Reason: "PRECONDITION_FAILED"}, ChannelClosed, "the broker refused the message: PRECONDITION_FAILED"},
		{&amqp.Error{Code: 320, Reason: "CONNECTION_FORCED"}, Lost, "the connection to the broker was lost before it confirmed the message: "},
		{&amqp.Error{Code: 501, Reason: "EOF"}, Lost, "the connection to the broker was lost before it confirmed the message: "},
	} {
		failure := closedFailure(example.cause, "x")
		assert.Equal(t, example.reason, failure.Reason)
		assert.Contains(t, failure.Detail, example.detail)
		assert.True(t, failure.Published())
	}
}

func TestAFailureIsFoundInWhatWrapsIt(t *testing.T) {
	failure := unsentf(Blocked, "low on %s", "memory")

	found, ok := AsFailure(fmt.Errorf("push: %w", failure))
	assert.True(t, ok)
	assert.Same(t, failure, found)
	assert.False(t, found.Published())

	_, ok = AsFailure(errors.New("other"))
	assert.False(t, ok)
	_, ok = AsFailure(nil)
	assert.False(t, ok)
}
