//go:build integration

package rabbitmqexporter

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func TestAnUnroutableMessageNeverCountsAsExported(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(15)...)
	e := startTraces(t, broker.config(""))
	batch := batchOf(1, 600)

	err := e.ConsumeTraces(t.Context(), batch)

	require.ErrorContains(t, err, `no queue takes routing key "spans.15" of exchange "`+broker.exchange+`"`)
	assert.False(t, consumererror.IsPermanent(err), "somebody may bind the queue")
	rest := remaining(batch, err)
	for id := range idsOf(rest) {
		assert.Equal(t, byte('f'), id[31], "only the missing shard is sent again")
	}
	assert.EqualValues(t, 1, sum(t, e.telemetry, "returned_messages"))
	assert.EqualValues(t, rest.SpanCount(), sum(t, e.telemetry, "returned_items"))

	broker.bind(nil, "spans.15")
	require.NoError(t, e.ConsumeTraces(t.Context(), rest))
	assert.Equal(t, idsOf(batch), spanIDs(t, broker.drain()))
}

// TestNoReturnIsOverlooked: the client library drops returns nobody makes room for, and a confirm follows each.
func TestNoReturnIsOverlooked(t *testing.T) {
	broker := newTestBroker(t)
	c := broker.config("")
	c.MaxMessageSize = minMessageBytes
	e := startTraces(t, c)

	err := e.ConsumeTraces(t.Context(), batchOf(1, 5000))

	require.ErrorContains(t, err, "5000 of 5000 spans were not confirmed")
	assert.EqualValues(t, 5000, sum(t, e.telemetry, "returned_items"))
	assert.Greater(t, sum(t, e.telemetry, "returned_messages"), int64(700))
}

func TestAFullQueueRefusesAndOnlyThatIsSentAgain(t *testing.T) {
	broker := newTestBroker(t)
	full := amqp.Table{amqp.QueueMaxLenArg: int32(1), amqp.QueueOverflowArg: amqp.QueueOverflowRejectPublish}
	broker.bind(nil, shardKeys(15)...)
	broker.bind(full, "spans.15")
	e := startTraces(t, broker.config(""))

	// A quorum queue may take a few more than its limit.
	var err error
	batch := batchOf(0, 0)
	for seed := uint64(1); err == nil && seed < 50; seed++ {
		batch = batchOf(seed, 600)
		err = e.ConsumeTraces(t.Context(), batch)
	}

	require.ErrorContains(t, err, "it is full or has no quorum")
	assert.False(t, consumererror.IsPermanent(err))
	rest := remaining(batch, err)
	for id := range idsOf(rest) {
		assert.Equal(t, byte('f'), id[31])
	}
	assert.EqualValues(t, 1, sum(t, e.telemetry, "nacked_messages"))
	broker.drain()
	eventually(t, func() bool { return e.ConsumeTraces(t.Context(), rest) == nil }, "there is room again")
}

func TestAMissingExchangeClosesTheChannelAndNotTheConnection(t *testing.T) {
	broker := newTestBroker(t)
	c := broker.config("")
	c.Exchange = broker.exchange + ".late"
	e := startTraces(t, c)
	batch := batchOf(1, 100)

	for range 3 {
		err := e.ConsumeTraces(t.Context(), batch)
		require.ErrorContains(t, err, `the broker has no exchange "`+c.Exchange+`"`)
		assert.False(t, consumererror.IsPermanent(err), "somebody may declare it")
	}

	require.NoError(t, broker.channel.ExchangeDeclare(c.Exchange, amqp.ExchangeFanout, false, true, false, false, nil))
	broker.bind(nil, "all")
	require.NoError(t, broker.channel.QueueBind(broker.queues[0], "", c.Exchange, false, nil))
	require.NoError(t, e.ConsumeTraces(t.Context(), batch))
	assert.Equal(t, idsOf(batch), spanIDs(t, broker.drain()))
	assert.Zero(t, sum(t, e.telemetry, "reconnects"))
}

// TestWhatIsNotHandedOverIsNotPublished: the channel is closed after the first messages of more than may be in flight.
func TestWhatIsNotHandedOverIsNotPublished(t *testing.T) {
	broker := newTestBroker(t)
	c := broker.config("")
	c.Exchange = broker.exchange + ".absent"
	c.MaxMessageSize = minMessageBytes
	e := startTraces(t, c)

	require.ErrorContains(t, e.ConsumeTraces(t.Context(), batchOf(1, 5000)), "the broker has no exchange")

	assert.EqualValues(t, 5000, sum(t, e.telemetry, "failed_items"))
	assert.Less(t, sum(t, e.telemetry, "published_items"), int64(5000))
}

func TestAWrongPasswordIsToldAndRetried(t *testing.T) {
	broker := newTestBroker(t)
	c := broker.config("")
	c.Password = "wrong"
	e := startTraces(t, c)

	err := e.ConsumeTraces(t.Context(), batchOf(1, 10))

	require.ErrorContains(t, err, "not connected to the broker")
	require.ErrorContains(t, err, "username or password")
	assert.NotContains(t, err.Error(), "wrong")
	assert.False(t, consumererror.IsPermanent(err))
	assert.Len(t, e.logs.FilterMessageSnippet("connect").All(), 1)
}

func TestAMissingVirtualHostIsTold(t *testing.T) {
	broker := newTestBroker(t)
	c := broker.config("")
	c.Endpoint = "amqp://" + broker.url.Host + "/no-such-vhost"
	e := startTraces(t, c)

	assert.ErrorContains(t, e.ConsumeTraces(t.Context(), batchOf(1, 10)), "vhost")
}

func TestABlockedConnectionFailsPushesAtOnceUntilItIsUnblocked(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.listen()
	e := startTraces(t, broker.config(between.addr))
	e.awaitConnection(t)

	between.inject(methodFrame(0, 10, 60, shortString("low on memory")...))
	eventually(t, func() bool { return gauge(t, e.telemetry, "blocked") == 1 }, "the exporter knows")
	err := e.ConsumeTraces(t.Context(), batchOf(1, 10))
	require.ErrorContains(t, err, "the broker has blocked publishing: low on memory")
	assert.False(t, consumererror.IsPermanent(err))
	assert.Empty(t, broker.drain())

	between.inject(methodFrame(0, 10, 61))
	eventually(t, func() bool { return gauge(t, e.telemetry, "blocked") == 0 }, "the exporter knows")
	require.NoError(t, e.ConsumeTraces(t.Context(), batchOf(1, 10)))
}
