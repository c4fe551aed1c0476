// Package wire splits OTLP export requests in their protobuf form.
//
// Traces, metrics and logs share one shape (opentelemetry-proto v1): a request repeats resource groups (field 1), a resource
// group repeats scope groups (field 2), a scope group repeats items (field 2); everything else in a group describes it. So one
// splitter serves all three, and it copies bytes instead of building objects: a batch is encoded once, however many parts it
// makes.
package wire

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	resourceGroupField = 1
	scopeGroupField    = 2
	itemField          = 2
)

// Schema tells the splitter what it must know of one signal's items. An item is given as its encoded message.
type Schema struct {
	// Shard gives the item's shard, from 0 to shards-1.
	Shard func(item []byte, shards int) (int, error)
	// Count gives the number of records the item holds: 1 for a span or a log record, its data points for a metric.
	Count func(item []byte) (int, error)
}

// Part is one export request made of some of the items of another.
type Part struct {
	Shard int
	// Records counts spans, log records or data points.
	Records int
	Body    []byte
	// Oversize says that the part holds a single item and is larger than allowed all the same.
	Oversize bool
}

// Splitter splits requests of one signal, one at a time, and uses its memory over again.
type Splitter struct {
	schema Schema
	shards [][]item
	parts  []Part
	bodies []byte
}

// NewSplitter makes a splitter into so many shards.
func NewSplitter(schema Schema, shards int) *Splitter {
	return &Splitter{schema: schema, shards: make([][]item, shards)}
}

// Split divides the encoded request body into parts of one shard each, none larger than maxBytes unless marked oversize. Every
// item is in exactly one part, below copies of its own resource and scope; items keep their order. Groups without items vanish.
// The parts are good until the next call. The error says that body is no export request.
func (s *Splitter) Split(body []byte, maxBytes int) ([]Part, error) {
	defer s.forget()
	if err := s.request(body); err != nil {
		return nil, fmt.Errorf("split export request: %w", err)
	}
	s.parts = s.parts[:0]
	s.bodies = slices.Grow(s.bodies[:0], len(body))
	for shard, items := range s.shards {
		for len(items) > 0 {
			n := fit(items, maxBytes)
			s.assemble(shard, items[:n], maxBytes)
			items = items[n:]
		}
	}
	return s.parts, nil
}

// forget lets go of the request, and of nothing else.
func (s *Splitter) forget() {
	for shard := range s.shards {
		clear(s.shards[shard])
		s.shards[shard] = s.shards[shard][:0]
	}
}

// resource and scope hold what describes their group: its encoded fields other than the nested ones.
type resource struct{ head []byte }

type scope struct {
	resource *resource
	head     []byte
}

type item struct {
	scope   *scope
	field   []byte // with tag and length
	records int
}

func (s *Splitter) request(body []byte) error {
	return eachField(body, func(f field) error {
		if f.number != resourceGroupField || f.kind != protowire.BytesType {
			return fmt.Errorf("unexpected field %d", f.number)
		}
		return s.resourceGroup(f.value)
	})
}

func (s *Splitter) resourceGroup(group []byte) error {
	owner := &resource{}
	return eachField(group, func(f field) error {
		if f.number == scopeGroupField && f.kind == protowire.BytesType {
			return s.scopeGroup(owner, f.value)
		}
		owner.head = extend(owner.head, f.raw)
		return nil
	})
}

func (s *Splitter) scopeGroup(owner *resource, group []byte) error {
	in := &scope{resource: owner}
	return eachField(group, func(f field) error {
		if f.number == itemField && f.kind == protowire.BytesType {
			return s.item(in, f)
		}
		in.head = extend(in.head, f.raw)
		return nil
	})
}

func (s *Splitter) item(in *scope, f field) error {
	shard, err := s.schema.Shard(f.value, len(s.shards))
	if err != nil {
		return err
	}
	records, err := s.schema.Count(f.value)
	if err != nil {
		return err
	}
	s.shards[shard] = append(s.shards[shard], item{scope: in, field: f.raw, records: records})
	return nil
}
