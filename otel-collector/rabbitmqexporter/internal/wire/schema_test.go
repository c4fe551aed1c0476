package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// TestTraceShard holds the examples every reader of the queues must agree with: with sixteen shards, the last hexadecimal digit.
func TestTraceShard(t *testing.T) {
	for _, example := range []struct {
		id     [16]byte
		shards int
		want   int
	}{
		{[16]byte{}, 16, 0},
		{[16]byte{15: 0x0f}, 16, 15},
		{[16]byte{15: 0xa7}, 16, 7},
		{[16]byte{0: 0xff, 7: 0xff}, 16, 0}, // the first half does not count
		{[16]byte{8: 0x80}, 16, 0},          // the second is not signed
		{[16]byte{8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff}, 10, 5},
		{[16]byte{15: 9}, 1, 0},
	} {
		assert.Equal(t, example.want, TraceShard(example.id, example.shards), "%x of %d", example.id, example.shards)
	}
}

func TestASpanWithoutTraceIDGoesToShardZero(t *testing.T) {
	for _, span := range [][]byte{nil, message(1, nil), message(1, []byte("short")), message(5, []byte("name"))} {
		shard, err := spanShard(span, 16)
		require.NoError(t, err)
		assert.Zero(t, shard)
	}
}

func TestDataPointsOfEveryKindAreCounted(t *testing.T) {
	metrics := pmetric.NewMetrics()
	list := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for range 2 {
		list.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(1)
	}
	list.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().SetIntValue(1)
	histogram := list.AppendEmpty().SetEmptyHistogram().DataPoints()
	histogram.AppendEmpty().BucketCounts().FromRaw([]uint64{1, 2})
	histogram.AppendEmpty()
	list.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	list.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty()
	list.AppendEmpty().SetName("without data")
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(metrics)
	require.NoError(t, err)

	parts, err := NewSplitter(Metrics, 1).Split(body, 1<<20)

	require.NoError(t, err)
	require.Len(t, parts, 1)
	assert.Equal(t, metrics.DataPointCount(), parts[0].Records)
}
