package wire

import "google.golang.org/protobuf/encoding/protowire"

// groupOverhead is the most bytes a tag (one) and the length of a message below 4 GiB (five) take.
const groupOverhead = 6

// fit counts the items, at least one, that together with their groups stay within maxBytes.
func fit(items []item, maxBytes int) (n int, oversize bool) {
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
			return max(i, 1), i == 0
		}
	}
	return len(items), false
}

func assemble(shard int, items []item, oversize bool) Part {
	groups, size := measure(items)
	part := Part{Shard: shard, Body: make([]byte, 0, size), Oversize: oversize}
	for _, group := range groups {
		part.Body = appendGroup(part.Body, resourceGroupField, group.size, group.head)
		for _, in := range group.scopes {
			part.Body = appendGroup(part.Body, scopeGroupField, in.size, in.head)
			for i := range in.items {
				part.Body = append(part.Body, in.items[i].field...)
				part.Records += in.items[i].records
			}
		}
	}
	return part
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
