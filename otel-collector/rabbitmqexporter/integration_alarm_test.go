//go:build integration

package rabbitmqexporter

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// brokerControl names a command line that runs the broker's rabbitmqctl: the tests here change settings of the whole broker.
const brokerControl = "HALLMARK_TEST_RABBITMQCTL"

func control(t *testing.T, arguments ...string) {
	t.Helper()
	command := append(strings.Fields(os.Getenv(brokerControl)), arguments...)
	output, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	require.NoError(t, err, string(output))
}

func needControl(t *testing.T) {
	t.Helper()
	if os.Getenv(brokerControl) == "" {
		t.Skipf("%s is not set: it is the command line of the test broker's rabbitmqctl", brokerControl)
	}
}

// raiseAlarm has the broker find that it uses too much memory, until the function it gives, or the end of the test.
func raiseAlarm(t *testing.T) (calm func()) {
	t.Helper()
	calm = sync.OnceFunc(func() { control(t, "set_vm_memory_high_watermark", "0.6") })
	t.Cleanup(calm)
	control(t, "set_vm_memory_high_watermark", "0.00001")
	return calm
}

func TestAMemoryAlarmBlocksAndPassesWithoutLoss(t *testing.T) {
	needControl(t)
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	e := startTraces(t, withQueue(broker.config("")))
	e.awaitConnection(t)

	calm := raiseAlarm(t)
	want := map[string]int{}
	for seed := range uint64(10) {
		batch := batchOf(seed, 60)
		countSpans(batch, want)
		require.NoError(t, e.ConsumeTraces(t.Context(), batch))
	}
	eventually(t, func() bool { return gauge(t, e.telemetry, "blocked") == 1 }, "the exporter knows")
	calm()

	eventually(t, func() bool { return sum(t, e.telemetry, "confirmed_items") >= 600 }, "all spans confirmed")
	arrived := spanIDs(t, broker.drain())
	for id := range want {
		assert.Positive(t, arrived[id])
	}
}

// TestABlockedConnectionIsClosedInTime: a broker in alarm reads nothing, the farewell included, but goes on sending heartbeats.
func TestABlockedConnectionIsClosedInTime(t *testing.T) {
	needControl(t)
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	c := broker.config("")
	c.TimeoutConfig.Timeout = 500 * time.Millisecond
	c.Heartbeat = 2 * time.Second
	e := startTraces(t, c)
	e.awaitConnection(t)
	raiseAlarm(t)
	eventually(t, func() bool {
		return e.ConsumeTraces(t.Context(), batchOf(1, 10)) != nil && gauge(t, e.telemetry, "blocked") == 1
	}, "the exporter knows")

	closed := make(chan error, 1)
	go func() { closed <- e.Shutdown(context.Background()) }()

	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Error("shutdown hangs")
	}
}

func TestAMessageAboveTheBrokersOwnLimitIsSplitToFit(t *testing.T) {
	needControl(t)
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	control(t, "eval", "application:set_env(rabbit, max_message_size, 20000).")
	t.Cleanup(func() { control(t, "eval", "application:set_env(rabbit, max_message_size, 134217728).") })
	e := startTraces(t, broker.config(""))
	batch := batchOf(1, 1000)

	err := e.ConsumeTraces(t.Context(), batch)
	require.ErrorContains(t, err, "larger than configured max size 20000")
	assert.False(t, consumererror.IsPermanent(err))
	require.NoError(t, e.ConsumeTraces(t.Context(), remaining(batch, err)))

	arrived := spanIDs(t, broker.drain())
	for id := range idsOf(batch) {
		assert.Positive(t, arrived[id])
	}
	giant := ptrace.NewTraces()
	giant.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName(strings.Repeat("x", 20_001))
	assert.True(t, consumererror.IsPermanent(e.ConsumeTraces(t.Context(), giant)), "no retry can make it smaller")
}
