package wire

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	traceIDTag           = 1<<3 | byte(protowire.BytesType) // field 1 of a span
	traceIDBytes         = 16
	metricDataPointField = 1
)

// metricData are the fields of a metric that hold data points: gauge, sum, histogram, exponential histogram, summary.
var metricData = map[protowire.Number]bool{5: true, 7: true, 9: true, 10: true, 11: true}

// Spans shards by trace id; Logs and Metrics have one shard.
var (
	Spans   = Schema{Shard: spanShard, Count: one}
	Logs    = Schema{Shard: noShard, Count: one}
	Metrics = Schema{Shard: noShard, Count: dataPoints}
)

// TraceShard is the shard of a trace: the last eight bytes of its id, which W3C trace context level 2 wants random, as a
// big-endian number modulo shards. Every producer and consumer of the queues must agree on it.
func TraceShard(traceID [traceIDBytes]byte, shards int) int {
	return int(binary.BigEndian.Uint64(traceID[8:]) % uint64(shards))
}

// spanShard sends a span whose trace id is absent or malformed to shard 0: it is somebody's data all the same.
func spanShard(span []byte, shards int) (int, error) {
	var id [traceIDBytes]byte
	for len(span) > 0 {
		size := sizeOf(span)
		if size < 0 {
			return 0, errTruncated
		}
		if span[0] == traceIDTag && size == 2+traceIDBytes {
			copy(id[:], span[2:size])
			break
		}
		span = span[size:]
	}
	return TraceShard(id, shards), nil
}

func noShard([]byte, int) (int, error) { return 0, nil }

func one([]byte) (int, error) { return 1, nil }

func dataPoints(metric []byte) (count int, err error) {
	err = eachField(metric, func(f field) error {
		if !metricData[f.number] {
			return nil
		}
		return eachField(f.value, func(point field) error {
			if point.number == metricDataPointField && point.kind == protowire.BytesType {
				count++
			}
			return nil
		})
	})
	return count, err
}
