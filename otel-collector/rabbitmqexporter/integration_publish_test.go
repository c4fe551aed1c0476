//go:build integration

package rabbitmqexporter

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"hallmark.internal/rabbitmqexporter/internal/sample"
)

func shardKeys(n int) (keys []string) {
	for shard := range n {
		keys = append(keys, fmt.Sprintf("spans.%02d", shard))
	}
	return keys
}

func TestEverySpanArrivesOnceInItsShard(t *testing.T) {
	broker := newTestBroker(t)
	broker.bind(nil, shardKeys(16)...)
	e := startTraces(t, broker.config(""))
	batch := sample.Traces(rand.New(rand.NewPCG(1, 1)), 500)
	want := map[string]int{}
	countSpans(batch, want)

	require.NoError(t, e.ConsumeTraces(t.Context(), batch))

	require.Equal(t, want, spanIDs(t, broker.drain()))
}
