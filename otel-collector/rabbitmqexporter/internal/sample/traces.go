// Package sample makes telemetry for tests and the benchmark, of the kind Hallmark's services send.
package sample

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// SpansPerTrace is the number of spans of each trace but perhaps the last of a batch.
const SpansPerTrace = 6

// start is the event time of the first span; any will do.
var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

var services = []string{"hallmark-web", "hallmark-preprocess", "hallmark-inference"}

// Traces makes a batch of so many spans, six to a trace, two of each service, with twelve attributes each. The ids come from random.
func Traces(random *rand.Rand, spans int) ptrace.Traces {
	batch := ptrace.NewTraces()
	scopes := make([]ptrace.SpanSlice, len(services))
	for i, service := range services {
		scopes[i] = scope(batch.ResourceSpans().AppendEmpty(), service)
	}
	var trace pcommon.TraceID
	for i := range spans {
		if i%SpansPerTrace == 0 {
			trace = traceID(random)
		}
		fill(scopes[i%len(services)].AppendEmpty(), trace, random, i)
	}
	return batch
}

func scope(group ptrace.ResourceSpans, service string) ptrace.SpanSlice {
	attributes := group.Resource().Attributes()
	attributes.PutStr("service.name", service)
	attributes.PutStr("service.namespace", "hallmark")
	attributes.PutStr("service.version", "0.1.0")
	attributes.PutStr("service.instance.id", service+"-0")
	group.SetSchemaUrl("https://opentelemetry.io/schemas/1.40.0")
	in := group.ScopeSpans().AppendEmpty()
	in.Scope().SetName("hallmark_common.telemetry")
	in.Scope().SetVersion("0.1.0")
	return in.Spans()
}

func traceID(random *rand.Rand) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], random.Uint64())
	binary.BigEndian.PutUint64(id[8:], random.Uint64())
	return id
}

func fill(span ptrace.Span, trace pcommon.TraceID, random *rand.Rand, index int) {
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], random.Uint64())
	span.SetTraceID(trace)
	span.SetSpanID(id)
	span.SetName("inference.GRPCInferenceService/ModelInfer")
	span.SetKind(ptrace.SpanKindServer)
	began := start.Add(time.Duration(index) * time.Millisecond)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(began))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(began.Add(3 * time.Millisecond)))
	attributes := span.Attributes()
	attributes.EnsureCapacity(12)
	attributes.PutStr("rpc.system.name", "grpc")
	attributes.PutStr("rpc.method", "inference.GRPCInferenceService/ModelInfer")
	attributes.PutStr("rpc.response.status_code", "OK")
	attributes.PutStr("server.address", "127.0.0.1")
	attributes.PutInt("server.port", 50053)
	attributes.PutStr("hallmark.prediction", trace.String()+"-"+id.String())
	attributes.PutStr("hallmark.consumer", "clinic")
	attributes.PutStr("hallmark.model", "digits")
	attributes.PutStr("hallmark.model.version", "1")
	attributes.PutInt("hallmark.batch.size", int64(index%8))
	attributes.PutDouble("hallmark.data.completeness", 0.98)
	attributes.PutBool("hallmark.cold", false)
}
