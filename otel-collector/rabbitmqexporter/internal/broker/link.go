// Package broker keeps a connection to a RabbitMQ broker and publishes on it with confirms.
package broker

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	amqp "github.com/rabbitmq/amqp091-go"
)

// Observer is told what happens to the link. Its methods are called from one goroutine and must return soon.
type Observer interface {
	// Connected is called when the link is up; again says that it was up before.
	Connected(again bool)
	// Failed is called for each attempt that failed to connect.
	Failed(err error)
	// Disconnected is called when the link is lost.
	Disconnected(err error)
	// Blocked is called when the broker stops (reason is not empty) or resumes accepting messages.
	Blocked(reason string)
}

// Backoff is the pause between attempts to connect, doubled (with jitter) from Initial up to Max.
type Backoff struct {
	Initial time.Duration
	Max     time.Duration
}

// pauses gives one pause after the other. The jitter, of half, keeps collectors apart that lost the same broker.
func (b Backoff) pauses() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: b.Initial, MaxInterval: b.Max, Multiplier: 2, RandomizationFactor: 0.5}
}

// Link is a connection to a broker that is made again whenever it is lost.
type Link struct {
	address  Address
	exchange string
	backoff  Backoff
	observer Observer

	cancel  context.CancelFunc
	done    chan struct{}
	settled chan struct{} // closed after the first attempt

	mu      sync.Mutex
	current *session
	failure error // of the last attempt, or what ended the last session
}

// NewLink makes a link that is not yet connected.
func NewLink(address Address, exchange string, backoff Backoff, observer Observer) *Link {
	return &Link{address: address, exchange: exchange, backoff: backoff, observer: observer,
		done: make(chan struct{}), settled: make(chan struct{})}
}

// Start begins to connect and returns at once.
func (l *Link) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go l.maintain(ctx)
}

// Close ends the connection and the attempts to make one.
func (l *Link) Close() {
	if l.cancel == nil {
		return
	}
	l.cancel()
	<-l.done
}

func (l *Link) maintain(ctx context.Context) {
	defer close(l.done)
	first := sync.OnceFunc(func() { close(l.settled) })
	defer first()
	again := false
	for ctx.Err() == nil {
		s := l.connect(ctx, first)
		if s == nil {
			return
		}
		l.set(s, nil)
		first()
		l.observer.Connected(again)
		again = true
		l.watch(ctx, s)
	}
}

// connect tries until there is a session, or ctx is done.
func (l *Link) connect(ctx context.Context, tried func()) *session {
	pauses := l.backoff.pauses()
	for {
		connection, conn, err := dial(ctx, l.address)
		if err == nil {
			return newSession(connection, conn, l.exchange)
		}
		l.set(nil, err)
		l.observer.Failed(err)
		tried()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pauses.NextBackOff()):
		}
	}
}

// watch returns when the session has ended, by the broker or by ctx.
func (l *Link) watch(ctx context.Context, s *session) {
	for {
		select {
		case <-ctx.Done():
			l.set(nil, ctx.Err())
			s.close()
			return
		case cause := <-s.closed:
			err := lossOf(cause)
			l.set(nil, err)
			l.observer.Disconnected(err)
			s.end()
			return
		case blocking, open := <-s.blocks:
			if !open {
				s.blocks = nil
				continue
			}
			l.setBlocked(s, blocking)
		}
	}
}

func (l *Link) setBlocked(s *session, blocking amqp.Blocking) {
	if !blocking.Active {
		s.blocked.Store(nil)
		l.observer.Blocked("")
		return
	}
	reason := blocking.Reason
	if reason == "" {
		reason = "no reason given"
	}
	s.blocked.Store(&reason)
	l.observer.Blocked(reason)
}

func lossOf(cause *amqp.Error) error {
	if cause == nil {
		return amqp.ErrClosed
	}
	return cause
}

func (l *Link) set(s *session, failure error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current, l.failure = s, failure
}

// session gives the live session. It waits for the first attempt to connect, and for no other: while the broker is down, a push
// shall fail at once, so that a queue can be drained at shutdown.
func (l *Link) session(ctx context.Context) (*session, *Failure) {
	select {
	case <-l.settled:
	case <-ctx.Done():
		return nil, unsentf(Disconnected, "not yet connected to the broker at %s: %v", l.address.HostPort, ctx.Err())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		return nil, unsentf(Disconnected, "not connected to the broker at %s: %v", l.address.HostPort, l.failure)
	}
	return l.current, nil
}
