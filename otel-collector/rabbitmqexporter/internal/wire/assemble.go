package wire

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// groupOverhead is the most bytes a tag (one) and the length of a message below 4 GiB (five) take.
const groupOverhead = 6

// fit counts the items that together with their groups stay within maxBytes; it is at least one.
func fit(items []item, maxBytes int) int {
	size := 0
	for i := range items {
		size += len(items[i].field)
		if i == 0 || items[i].scope != items[i-1].scope {
			size += len(items[i].scope.head) + groupOverhead
		}
		if i == 0 || items[i].scope.resource != items[i-1].scope.resource {
			size += len(items[i].scope.resource.head) + groupOverhead
		}
		if size > maxBytes {
			return max(i, 1)
		}
	}
	return len(items)
}

// assemble appends the part these items make.
func (s *Splitter) assemble(shard int, items []item, maxBytes int) {
	groups, size := measure(items)
	part := Part{Shard: shard, Oversize: size > maxBytes}
	body := slices.Grow(s.bodies, size)
	for _, group := range groups {
		body = appendGroup(body, resourceGroupField, group.size, group.head)
		for _, in := range group.scopes {
			body = appendGroup(body, scopeGroupField, in.size, in.head)
			for i := range in.items {
				body = append(body, in.items[i].field...)
				part.Records += in.items[i].records
			}
		}
	}
	part.Body = body[len(s.bodies):len(body):len(body)]
	s.bodies = body
	s.parts = append(s.parts, part)
}

type resourceRun struct {
	head   []byte
	scopes []scopeRun
	size   int
}

type scopeRun struct {
	head  []byte
	items []item
	size  int
}

// measure finds the runs of items that share a resource and a scope, and the sizes of the groups they make.
func measure(items []item) (runs []resourceRun, total int) {
	for len(items) > 0 {
		n := runLength(items, func(a, b *scope) bool { return a.resource == b.resource })
		run := resourceRun{head: items[0].scope.resource.head, size: len(items[0].scope.resource.head)}
		for rest := items[:n]; len(rest) > 0; {
			in := measureScope(rest)
			run.scopes = append(run.scopes, in)
			run.size += groupSize(in.size)
			rest = rest[len(in.items):]
		}
		runs = append(runs, run)
		total += groupSize(run.size)
		items = items[n:]
	}
	return runs, total
}

func measureScope(items []item) scopeRun {
	n := runLength(items, func(a, b *scope) bool { return a == b })
	run := scopeRun{head: items[0].scope.head, items: items[:n], size: len(items[0].scope.head)}
	for i := range run.items {
		run.size += len(run.items[i].field)
	}
	return run
}

func runLength(items []item, same func(a, b *scope) bool) int {
	n := 1
	for n < len(items) && same(items[n].scope, items[0].scope) {
		n++
	}
	return n
}

func groupSize(content int) int {
	return protowire.SizeTag(resourceGroupField) + protowire.SizeBytes(content)
}

func appendGroup(b []byte, number protowire.Number, size int, head []byte) []byte {
	b = protowire.AppendTag(b, number, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	return append(b, head...)
}
