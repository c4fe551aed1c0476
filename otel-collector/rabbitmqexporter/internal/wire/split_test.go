package wire

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"
)

// TestSplitKeepsEverySpanOnce is the property the exporter stands on, over random batches, shards and sizes.
func TestSplitKeepsEverySpanOnce(t *testing.T) {
	for seed := range uint64(300) {
		checkSplit(t, seed, 1+int(seed%17), 200+int(seed*37%5000))
	}
}

func FuzzSplitKeepsEverySpanOnce(f *testing.F) {
	f.Add(uint64(1), uint8(16), uint16(1000))
	f.Add(uint64(2), uint8(1), uint16(0))
	f.Fuzz(func(t *testing.T, seed uint64, shards uint8, maxBytes uint16) {
		checkSplit(t, seed, 1+int(shards), 1+int(maxBytes))
	})
}

func checkSplit(t *testing.T, seed uint64, shards, maxBytes int) {
	t.Helper()
	batch := randomTraces(rand.New(rand.NewPCG(seed, 0)))
	parts, err := NewSplitter(Spans, shards).Split(encode(t, batch), maxBytes)
	require.NoError(t, err)

	var found []string
	for _, part := range parts {
		traces := decode(t, part.Body)
		checkPart(t, part, traces, shards, maxBytes)
		found = append(found, describe(traces)...)
	}
	want := describe(batch)
	slices.Sort(found)
	slices.Sort(want)
	require.Equal(t, want, found)
}

func checkPart(t *testing.T, part Part, traces ptrace.Traces, shards, maxBytes int) {
	t.Helper()
	require.Equal(t, traces.SpanCount(), part.Records)
	require.Equal(t, len(part.Body) > maxBytes, part.Oversize)
	require.True(t, !part.Oversize || part.Records == 1, "what can be divided is")
	for _, group := range traces.ResourceSpans().All() {
		for _, scope := range group.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				require.Equal(t, TraceShard(span.TraceID(), shards), part.Shard)
			}
		}
	}
}

// describe names each span with all that belongs to it: resource, scope, both schema URLs, and everything in the span itself.
func describe(traces ptrace.Traces) (spans []string) {
	for _, group := range traces.ResourceSpans().All() {
		for _, scope := range group.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				spans = append(spans, fmt.Sprint(group.SchemaUrl(), group.Resource().Attributes().AsRaw(), group.Resource().DroppedAttributesCount(),
					scope.SchemaUrl(), scope.Scope().Name(), scope.Scope().Attributes().AsRaw(),
					span.TraceID(), span.SpanID(), span.ParentSpanID(), span.Name(), span.Kind(), span.TraceState().AsRaw(),
					span.Attributes().AsRaw(), span.Events().Len(), span.Status().Code(), span.Status().Message()))
			}
		}
	}
	return spans
}

// randomTraces makes up to four resources of up to four scopes of up to twelve spans each, empty groups and ids among them.
func randomTraces(random *rand.Rand) ptrace.Traces {
	traces := ptrace.NewTraces()
	for range random.IntN(5) {
		group := traces.ResourceSpans().AppendEmpty()
		group.SetSchemaUrl(text(random, 40))
		group.Resource().Attributes().PutStr("service.name", text(random, 200))
		group.Resource().SetDroppedAttributesCount(random.Uint32N(3))
		for range random.IntN(5) {
			scope := group.ScopeSpans().AppendEmpty()
			scope.SetSchemaUrl(text(random, 40))
			scope.Scope().SetName(text(random, 30))
			scope.Scope().Attributes().PutInt("n", random.Int64())
			for range random.IntN(13) {
				randomSpan(scope.Spans().AppendEmpty(), random)
			}
		}
	}
	return traces
}

func randomSpan(span ptrace.Span, random *rand.Rand) {
	if random.IntN(10) > 0 {
		span.SetTraceID(randomID(random))
	}
	span.SetSpanID(pcommon.SpanID{byte(random.Uint32()), byte(random.Uint32())})
	span.SetName(text(random, 300))
	span.SetKind(ptrace.SpanKind(random.IntN(6)))
	span.TraceState().FromRaw(text(random, 20))
	span.Attributes().PutStr("a", text(random, 150))
	span.Attributes().PutDouble("b", random.Float64())
	span.Attributes().PutEmptyMap("c").PutStr("inner", text(random, 10))
	for range random.IntN(3) {
		span.Events().AppendEmpty().SetName(text(random, 20))
	}
	span.Status().SetCode(ptrace.StatusCode(random.IntN(3)))
	span.Status().SetMessage(text(random, 10))
}

func randomID(random *rand.Rand) (id pcommon.TraceID) {
	for i := range id {
		id[i] = byte(random.Uint32())
	}
	return id
}

func text(random *rand.Rand, longest int) string {
	letters := make([]byte, random.IntN(longest))
	for i := range letters {
		letters[i] = byte('a' + random.IntN(26))
	}
	return string(letters)
}

func encode(t *testing.T, traces ptrace.Traces) []byte {
	t.Helper()
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	require.NoError(t, err)
	return body
}

func decode(t *testing.T, body []byte) ptrace.Traces {
	t.Helper()
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	require.NoError(t, err)
	return traces
}

func TestOneOversizeRecordDoesNotTakeOthersWithIt(t *testing.T) {
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, size := range []int{10, 5000, 10} {
		spans.AppendEmpty().SetName(string(make([]byte, size)))
	}

	parts, err := NewSplitter(Spans, 1).Split(encode(t, traces), 1000)

	require.NoError(t, err)
	require.Len(t, parts, 3)
	assert.Equal(t, []bool{false, true, false}, []bool{parts[0].Oversize, parts[1].Oversize, parts[2].Oversize})
}

func TestASplitterForgetsWhatItSplitBefore(t *testing.T) {
	splitter := NewSplitter(Spans, 1)
	_, err := splitter.Split(encode(t, sampleTraces()), 300)
	require.NoError(t, err)
	good := message(1, message(2, message(2, message(5, []byte("before")))))
	_, err = splitter.Split(append(good, 0xff), 300)
	require.Error(t, err)

	parts, err := splitter.Split(message(1, message(2, message(2, message(5, []byte("after"))))), 300)

	require.NoError(t, err)
	require.Len(t, parts, 1)
	assert.Equal(t, 1, parts[0].Records)
	assert.NotContains(t, string(parts[0].Body), "before")
}

func TestSplitLeavesTheRequestAsItIs(t *testing.T) {
	body := encode(t, randomTraces(rand.New(rand.NewPCG(3, 3))))
	before := slices.Clone(body)
	_, err := NewSplitter(Spans, 16).Split(body, 500)
	require.NoError(t, err)
	assert.Equal(t, before, body)
}

func TestFieldsOfLaterVersionsSurvive(t *testing.T) {
	span := protowire.AppendTag(nil, 99, protowire.VarintType)
	span = protowire.AppendVarint(span, 7)
	scopeGroup := message(2, span)
	scopeGroup = append(scopeGroup, message(98, []byte("scope news"))...)
	group := message(97, []byte("resource news"))
	group = append(group, message(2, scopeGroup)...)
	body := message(1, group)

	parts, err := NewSplitter(Spans, 1).Split(body, 1000)

	require.NoError(t, err)
	require.Len(t, parts, 1)
	for _, news := range []string{"scope news", "resource news", string(span)} {
		assert.Contains(t, string(parts[0].Body), news)
	}
}

func message(number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
}

func TestSplitRefusesWhatIsNoRequest(t *testing.T) {
	for name, body := range map[string][]byte{
		"truncated":      encode(t, sampleTraces())[:20],
		"other message":  message(3, []byte("x")),
		"not protobuf":   {0xff, 0xff, 0xff},
		"truncated span": message(1, message(2, message(2, []byte{0x0a, 16, 1, 2}))),
	} {
		_, err := NewSplitter(Spans, 16).Split(body, 1000)
		assert.Error(t, err, name)
	}
}

func sampleTraces() ptrace.Traces { return randomTraces(rand.New(rand.NewPCG(1, 1))) }

func FuzzSplitNeverPanics(f *testing.F) {
	f.Add([]byte{0x0a, 0x02, 0x12, 0x00})
	f.Fuzz(func(_ *testing.T, body []byte) {
		for _, schema := range []Schema{Spans, Metrics, Logs} {
			_, _ = NewSplitter(schema, 16).Split(body, 100)
		}
	})
}

func TestLogsAreSplitBySizeAlone(t *testing.T) {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range 100 {
		record := records.AppendEmpty()
		record.SetTraceID(pcommon.TraceID{15: byte(i)})
		record.Body().SetStr("a line")
	}
	body, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)

	parts, err := NewSplitter(Logs, 1).Split(body, 500)

	require.NoError(t, err)
	assert.Greater(t, len(parts), 1)
	total := 0
	for _, part := range parts {
		total += part.Records
		assert.LessOrEqual(t, len(part.Body), 500)
	}
	assert.Equal(t, 100, total)
}
