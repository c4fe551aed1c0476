package wire

import (
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"hallmark.internal/rabbitmqexporter/internal/sample"
)

func BenchmarkSplit(b *testing.B) {
	body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(sample.Traces(rand.New(rand.NewPCG(1, 1)), 1024))
	if err != nil {
		b.Fatal(err)
	}
	splitter := NewSplitter(Spans, 16)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := splitter.Split(body, 4<<20); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	batch := sample.Traces(rand.New(rand.NewPCG(1, 1)), 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(batch); err != nil {
			b.Fatal(err)
		}
	}
}
