package broker

import (
	"context"
	"slices"
)

// Publisher publishes on a link, on as many channels as there are pushes at once, up to a limit. It is safe for concurrent use.
type Publisher struct {
	link  *Link
	slots chan struct{}
}

// NewPublisher makes a publisher for at most concurrency pushes at once; more wait.
func NewPublisher(link *Link, concurrency int) *Publisher {
	return &Publisher{link: link, slots: make(chan struct{}, concurrency)}
}

// Publish publishes all messages, waits for all confirms until ctx is done, and gives a verdict on each message: nil if it is in
// every queue it was routed to, else a *Failure.
func (p *Publisher) Publish(ctx context.Context, messages []Message) []error {
	if len(messages) == 0 {
		return nil
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return failAll(messages, unsentf(Timeout, "out of time before a channel was free: %v", ctx.Err()))
	}
	s, failure := p.link.session(ctx)
	if failure != nil {
		return failAll(messages, failure)
	}
	return s.publish(ctx, messages)
}

func (s *session) publish(ctx context.Context, messages []Message) []error {
	if failure := s.mayPublish(); failure != nil {
		return failAll(messages, failure)
	}
	l, failure := s.take(ctx)
	if failure != nil {
		return failAll(messages, failure)
	}
	verdicts := make([]error, 0, len(messages))
	for wave := range slices.Chunk(messages, maxInFlight) {
		verdicts = append(verdicts, l.publish(ctx, wave, s.mayPublish)...)
	}
	if slices.ContainsFunc(verdicts, leavesUnsettled) {
		s.retire(l)
	} else {
		s.give(l)
	}
	return verdicts
}

// leavesUnsettled says whether after such a verdict the broker may still answer, or the channel is closed.
func leavesUnsettled(verdict error) bool {
	failure, failed := AsFailure(verdict)
	return failed && failure.Reason != Returned && failure.Reason != Nacked && failure.Reason != Blocked
}

func failAll(messages []Message, failure *Failure) []error {
	verdicts := make([]error, len(messages))
	fill(verdicts, failure)
	return verdicts
}
