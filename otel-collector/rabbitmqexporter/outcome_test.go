package rabbitmqexporter

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"hallmark.internal/rabbitmqexporter/internal/broker"
	"hallmark.internal/rabbitmqexporter/internal/wire"
)

func newTestExporter(t *testing.T, c *Config) *rabbitExporter {
	t.Helper()
	e, err := newExporter(exportertest.NewNopSettings(componentType), c, tracesSignal(c))
	require.NoError(t, err)
	return e
}

// part makes a part of one span of that name.
func part(t *testing.T, name string) wire.Part {
	t.Helper()
	traces := ptrace.NewTraces()
	traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName(name)
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	require.NoError(t, err)
	return wire.Part{Records: 1, Body: body}
}

func spanNames(t *testing.T, body []byte) (names []string) {
	t.Helper()
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	require.NoError(t, err)
	for _, group := range traces.ResourceSpans().All() {
		for _, scope := range group.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				names = append(names, span.Name())
			}
		}
	}
	return names
}

func TestEveryFailureOfTheBrokerIsRetried(t *testing.T) {
	e := newTestExporter(t, validConfig())
	for _, reason := range []broker.Reason{broker.Disconnected, broker.Blocked, broker.Lost, broker.ChannelClosed, broker.Returned,
		broker.Nacked, broker.Timeout} {
		_, err := e.outcome([]wire.Part{part(t, "a")}, []error{&broker.Failure{Reason: reason, Detail: "why"}}, nil)
		assert.ErrorContains(t, err, "1 of 1 spans were not confirmed: why")
		assert.False(t, consumererror.IsPermanent(err), reason)
	}
}

func TestOnlyWhatWasNotConfirmedIsRetried(t *testing.T) {
	e := newTestExporter(t, validConfig())
	parts := []wire.Part{part(t, "a"), part(t, "b"), part(t, "c")}

	rest, err := e.outcome(parts, []error{errors.New("full"), nil, errors.New("full")}, nil)

	assert.EqualError(t, err, "2 of 3 spans were not confirmed: full")
	assert.Equal(t, []string{"a", "c"}, spanNames(t, rest))
}

func TestAllConfirmedIsSuccess(t *testing.T) {
	rest, err := newTestExporter(t, validConfig()).outcome([]wire.Part{part(t, "a")}, []error{nil}, nil)
	assert.NoError(t, err)
	assert.Empty(t, rest)
}

func TestATooLargeSpanIsGivenUpOnlyOnceTheOthersArrived(t *testing.T) {
	e := newTestExporter(t, validConfig())
	parts, large := []wire.Part{part(t, "a"), part(t, "b")}, []wire.Part{part(t, "large")}

	rest, err := e.outcome(parts, []error{nil, errors.New("full")}, large)
	assert.False(t, consumererror.IsPermanent(err))
	assert.Equal(t, []string{"b", "large"}, spanNames(t, rest))

	_, err = e.outcome(parts, []error{nil, nil}, large)
	assert.True(t, consumererror.IsPermanent(err))
	assert.ErrorContains(t, err, "1 spans dropped, larger than 4194304 bytes each")
}

func TestTheBrokersOwnLimitIsLearned(t *testing.T) {
	for text, want := range map[string]int64{
		"PRECONDITION_FAILED - message size 200000 is larger than configured max size 131072": 131072,
		"PRECONDITION_FAILED - message size 200000 is larger than max size 131072":            131072,
		"PRECONDITION_FAILED - message size 9000000 is larger than max size 8000000":          4 << 20, // ours is lower
		"PRECONDITION_FAILED - something else":                                                4 << 20,
	} {
		e := newTestExporter(t, validConfig())
		e.learnLimit([]error{nil, &broker.Failure{Reason: broker.ChannelClosed, Detail: text}})
		assert.Equal(t, want, e.maxBytes.Load(), text)
	}
}
