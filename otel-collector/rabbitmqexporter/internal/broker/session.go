package broker

import (
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// session is one connection and its idle lanes.
type session struct {
	connection *amqp.Connection
	exchange   string
	closed     chan *amqp.Error
	blocks     chan amqp.Blocking
	blocked    atomic.Pointer[string]

	mu       sync.Mutex
	idle     []*lane
	retiring sync.WaitGroup
}

func newSession(connection *amqp.Connection, exchange string) *session {
	return &session{
		connection: connection,
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

func (s *session) take() (*lane, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		l := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return l, nil
	}
	s.mu.Unlock()
	return openLane(s.connection, s.exchange)
}

func (s *session) give(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, l)
}

// retire closes a lane that has messages under way nobody waits for. Closing waits for the broker, so it is done aside.
func (s *session) retire(l *lane) {
	s.retiring.Go(func() { _ = l.channel.Close() })
}
