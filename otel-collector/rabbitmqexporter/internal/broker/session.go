package broker

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// closeTimeout bounds the closing handshake.
const closeTimeout = 5 * time.Second

// session is one connection and its idle lanes.
type session struct {
	connection *amqp.Connection
	conn       *gatheringConn
	exchange   string
	closed     chan *amqp.Error
	blocks     chan amqp.Blocking
	blocked    atomic.Pointer[string]

	mu    sync.Mutex
	idle  []*lane
	ended bool
	aside sync.WaitGroup // what waits for the broker and nobody else waits for
}

func newSession(connection *amqp.Connection, conn *gatheringConn, exchange string) *session {
	return &session{
		connection: connection,
		conn:       conn,
		exchange:   exchange,
		closed:     connection.NotifyClose(make(chan *amqp.Error, 1)),
		blocks:     connection.NotifyBlocked(make(chan amqp.Blocking, 1)),
	}
}

// mayPublish gives the reason for not publishing now, or nil.
func (s *session) mayPublish() *Failure {
	if reason := s.blocked.Load(); reason != nil {
		return unsentf(Blocked, "the broker has blocked publishing: %s", *reason)
	}
	return nil
}

// take gives an idle lane, or opens one.
func (s *session) take(ctx context.Context) (*lane, *Failure) {
	if l := s.pop(); l != nil {
		return l, nil
	}
	return s.open(ctx)
}

func (s *session) pop() *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.idle) - 1
	if last < 0 {
		return nil
	}
	l := s.idle[last]
	s.idle = s.idle[:last]
	return l
}

// open opens a lane. The library waits for the broker's answer however long that takes, so this is done aside; an answer that comes
// after ctx is done makes an idle lane.
func (s *session) open(ctx context.Context) (*lane, *Failure) {
	type outcome struct {
		lane *lane
		err  error
	}
	opened := make(chan outcome)
	started := s.runAside(func() {
		l, err := openLane(s.connection, s.conn, s.exchange)
		select {
		case opened <- outcome{l, err}:
		case <-ctx.Done():
			if err == nil {
				s.give(l)
			}
		}
	})
	if !started {
		return nil, unsentf(Lost, "the connection to the broker was lost before a channel was open")
	}
	select {
	case o := <-opened:
		if o.err != nil {
			return nil, unsentf(Lost, "open a channel: %v", o.err)
		}
		return o.lane, nil
	case <-ctx.Done():
		return nil, unsentf(Timeout, "out of time before a channel was open: %v", ctx.Err())
	}
}

func (s *session) give(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, l)
}

// retire closes a lane that has messages under way nobody waits for.
func (s *session) retire(l *lane) {
	s.runAside(func() { _ = l.channel.Close() })
}

// runAside runs f in a goroutine of its own, unless the session has ended.
func (s *session) runAside(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.aside.Go(f)
	}
	return !s.ended
}

// close ends the connection in order, or else at once: the library's own deadline is put off by each heartbeat, and a broker in
// alarm sends those but reads nothing.
func (s *session) close() {
	abandon := time.AfterFunc(closeTimeout, func() { _ = s.conn.Close() })
	defer abandon.Stop()
	_ = s.connection.Close()
	s.end()
}

// end waits for what runs aside, once the connection is closed.
func (s *session) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.aside.Wait()
}
