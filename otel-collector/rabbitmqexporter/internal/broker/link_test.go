package broker

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attempts counts failed attempts to connect.
type attempts struct{ atomic.Int64 }

func (a *attempts) Failed(error)     { a.Add(1) }
func (*attempts) Connected(bool)     {}
func (*attempts) Disconnected(error) {}
func (*attempts) Blocked(string)     {}

// startLink points a link at a listener that closes, or keeps, what it accepts.
func startLink(t *testing.T, keep bool) (*Link, *attempts) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	if !keep {
		go refuse(listener)
	}
	failed := &attempts{}
	address := Address{HostPort: listener.Addr().String(), ConnectTimeout: time.Hour, WriteTimeout: time.Hour}
	link := NewLink(address, "x", Backoff{Initial: time.Millisecond, Max: 2 * time.Millisecond}, failed)
	link.Start()
	t.Cleanup(link.Close)
	return link, failed
}

func refuse(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_ = connection.Close()
	}
}

func TestALinkTriesAgainAndAgain(t *testing.T) {
	_, failed := startLink(t, false)

	assert.Eventually(t, func() bool { return failed.Load() > 5 }, 20*time.Second, time.Millisecond)
}

func TestPausesDoubleUpToTheLongestWithJitterOfHalf(t *testing.T) {
	const links = 20
	first := map[time.Duration]bool{}
	for range links {
		pauses := Backoff{Initial: time.Second, Max: 8 * time.Second}.pauses()
		for i, middle := range []float64{1, 2, 4, 8, 8, 8} {
			pause := pauses.NextBackOff()
			assert.InDelta(t, middle, pause.Seconds(), middle/2)
			if i == 0 {
				first[pause] = true
			}
		}
	}
	assert.Greater(t, len(first), links/2, "links that lost the same broker come back one by one")
}

func TestAfterTheFirstAttemptPublishingFailsAtOnce(t *testing.T) {
	link, _ := startLink(t, false)

	verdicts := NewPublisher(link, 1).Publish(t.Context(), make([]Message, 2))

	for _, verdict := range verdicts {
		failure, failed := AsFailure(verdict)
		require.True(t, failed)
		assert.Equal(t, Disconnected, failure.Reason)
	}
	assert.Len(t, verdicts, 2)
}

func TestDuringTheFirstAttemptPublishingWaitsForItsTime(t *testing.T) {
	link, _ := startLink(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()

	verdicts := NewPublisher(link, 1).Publish(ctx, make([]Message, 1))

	assert.ErrorContains(t, verdicts[0], "not yet connected to the broker")
}

func TestClosingEndsAnAttemptThatGetsNoAnswer(t *testing.T) {
	link, _ := startLink(t, true)
	link.Close() // the attempt itself would take an hour
}

func TestMorePushesThanChannelsWaitForTheirTime(t *testing.T) {
	link, _ := startLink(t, false)
	publisher := NewPublisher(link, 1)
	publisher.slots <- struct{}{} // somebody is publishing
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	assert.ErrorContains(t, publisher.Publish(ctx, make([]Message, 1))[0], "out of time before a channel was free")
}
