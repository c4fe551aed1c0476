//go:build integration

package rabbitmqexporter

import (
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"hallmark.internal/rabbitmqexporter/internal/sample"
)

func batchOf(seed uint64, spans int) ptrace.Traces {
	return sample.Traces(rand.New(rand.NewPCG(seed, seed)), spans)
}

func idsOf(traces ptrace.Traces) map[string]int {
	seen := map[string]int{}
	countSpans(traces, seen)
	return seen
}

// withQueue switches on what a collector uses: a queue, and retries that follow fast.
func withQueue(c *Config) *Config {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.BlockOnOverflow = true
	c.QueueConfig = configoptional.Some(queue)
	c.RetryConfig.Enabled = true
	c.RetryConfig.InitialInterval = 20 * time.Millisecond
	c.RetryConfig.MaxInterval = 100 * time.Millisecond
	return c
}

// eventually waits until condition holds.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 5*time.Millisecond, what)
}

func (r *rig) awaitConnection(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return gauge(t, r.telemetry, "connected") == 1 }, "connection")
}

// awaitPush pushes until it succeeds: where the timeout is short, a busy broker may need more than one.
func (r *rig) awaitPush(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return r.ConsumeTraces(t.Context(), batchOf(1, 10)) == nil }, "a push")
}

func TestABrokerThatComesLaterGetsEverything(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	e := startTraces(t, withQueue(broker.config(between.addr)))
	want := map[string]int{}
	for seed := range uint64(20) {
		batch := batchOf(seed, 50)
		maps.Copy(want, idsOf(batch))
		require.NoError(t, e.ConsumeTraces(t.Context(), batch))
	}

	between.listen()

	eventually(t, func() bool { return sum(t, e.telemetry, "confirmed_items") == 1000 }, "all spans confirmed")
	assert.Equal(t, want, spanIDs(t, broker.drain()))
}

// TestCutAnywhereNothingIsLost cuts the connection at many places of what a push sends and of what it hears. Whatever a push does
// not report as failed must be in the queues, and what it reports, sent again, must get there.
func TestCutAnywhereNothingIsLost(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.listen()
	e := startTraces(t, broker.config(between.addr))
	e.awaitConnection(t)
	upBefore, downBefore := between.passedUp.Load(), between.passedDown.Load()
	batch := batchOf(1, 60)
	require.NoError(t, e.ConsumeTraces(t.Context(), batch))
	up, down := between.passedUp.Load()-upBefore, between.passedDown.Load()-downBefore
	broker.drain()

	const cuts = 40
	for i := range int64(cuts) {
		checkCut(t, broker, between, e, batch, func() { between.up.Store(up * i / cuts) }, true)
		// Several confirms may come in one frame, so a cut this late is not sure to hit.
		checkCut(t, broker, between, e, batch, func() { between.down.Store(down * i / cuts) }, false)
	}
	assert.GreaterOrEqual(t, sum(t, e.telemetry, "reconnects"), int64(cuts))
}

func checkCut(t *testing.T, broker *testBroker, between *proxy, e *rig, batch ptrace.Traces, arm func(), mustFail bool) {
	t.Helper()
	e.awaitConnection(t)
	arm()
	err := e.ConsumeTraces(t.Context(), batch)
	between.mend()
	if mustFail {
		require.Error(t, err, "the broker cannot have got all of it")
	}
	rest := remaining(batch, err)
	arrived := spanIDs(t, broker.drain())
	for id := range idsOf(batch) {
		require.True(t, arrived[id] > 0 || idsOf(rest)[id] > 0, "a span was neither queued nor reported")
	}
	eventually(t, func() bool {
		err := e.ConsumeTraces(t.Context(), rest)
		rest = remaining(rest, err)
		return err == nil
	}, "the rest is accepted")
	maps.Copy(arrived, spanIDs(t, broker.drain()))
	for id := range idsOf(batch) {
		require.Positive(t, arrived[id], "a span was lost")
	}
}

// remaining is what a push's error asks to be sent again.
func remaining(sent ptrace.Traces, err error) ptrace.Traces {
	var partial consumererror.Traces
	switch {
	case err == nil:
		return ptrace.NewTraces()
	case errors.As(err, &partial):
		return partial.Data()
	}
	return sent
}

func TestALostConnectionIsLoggedOnceAndRegainedOnce(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.listen()
	e := startTraces(t, broker.config(between.addr))
	e.awaitConnection(t)
	between.down.Store(0) // each attempt fails, until it is mended
	between.cut()
	before := between.passedUp.Load()
	eventually(t, func() bool { return between.passedUp.Load() > before+100 }, "several attempts")
	between.mend()
	eventually(t, func() bool { return sum(t, e.telemetry, "reconnects") == 1 }, "the connection")

	assert.Len(t, e.logs.FilterMessageSnippet("lost").All(), 1)
	assert.Len(t, e.logs.FilterMessageSnippet("regained").All(), 1)
	assert.Len(t, e.logs.All(), 3)
}

func TestABrokerThatFallsSilentIsNoticedByTheHeartbeat(t *testing.T) {
	broker := newTestBroker(t)
	between := newProxy(t, broker.url.Host)
	between.listen()
	c := broker.config(between.addr)
	c.Heartbeat = time.Second
	e := startTraces(t, c)
	e.awaitConnection(t)

	thaw := between.freeze(&between.deaf)
	eventually(t, func() bool { return gauge(t, e.telemetry, "connected") == 0 }, "the loss")
	thaw()

	e.awaitConnection(t)
}

func TestAConfirmThatDoesNotComeIsATimeout(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.listen()
	c := broker.config(between.addr)
	c.TimeoutConfig.Timeout = 500 * time.Millisecond
	e := startTraces(t, c)
	e.awaitPush(t)

	thaw := between.freeze(&between.deaf)
	err := e.ConsumeTraces(t.Context(), batchOf(2, 10))
	thaw()

	require.ErrorContains(t, err, "the broker did not confirm in time")
	assert.False(t, consumererror.IsPermanent(err))
	e.awaitPush(t)
	assert.Zero(t, sum(t, e.telemetry, "reconnects"), "the connection is good")
}

func TestAChannelThatIsNotOpenedIsATimeout(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.listen()
	c := broker.config(between.addr)
	c.TimeoutConfig.Timeout = 500 * time.Millisecond
	e := startTraces(t, c)
	e.awaitConnection(t)

	thaw := between.freeze(&between.deaf)
	err := e.ConsumeTraces(t.Context(), batchOf(1, 10))
	thaw()

	require.ErrorContains(t, err, "out of time before a channel was open")
	e.awaitPush(t)
	assert.Zero(t, sum(t, e.telemetry, "reconnects"))
}

// TestABrokerThatStopsReadingHoldsNobodyUp: with full TCP buffers a write blocks, and with it, in the client library, even the
// closing of the connection.
func TestABrokerThatStopsReadingHoldsNobodyUp(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	between := newProxy(t, broker.url.Host)
	between.listen()
	c := broker.config(between.addr)
	c.TimeoutConfig.Timeout = 3 * time.Second
	c.Heartbeat = time.Minute // it shall not be the heartbeat that helps
	e := startTraces(t, c)
	e.awaitPush(t)

	// More than TCP buffers hold, and yet encoded in no time.
	large := batchOf(1, 24)
	for _, group := range large.ResourceSpans().All() {
		for _, span := range group.ScopeSpans().At(0).Spans().All() {
			span.SetName(strings.Repeat("x", 1<<20))
		}
	}
	thaw := between.freeze(&between.mute)
	pushed := make(chan error, 1)
	go func() { pushed <- e.ConsumeTraces(t.Context(), large) }()
	select {
	case err := <-pushed:
		require.Error(t, err)
		assert.False(t, consumererror.IsPermanent(err))
	case <-time.After(patience):
		t.Fatal("the push hangs")
	}
	thaw()

	eventually(t, func() bool { return sum(t, e.telemetry, "reconnects") > 0 }, "a new connection, for a frame was cut short")
	e.awaitPush(t)
}
