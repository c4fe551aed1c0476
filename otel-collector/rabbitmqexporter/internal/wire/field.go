package wire

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

var errTruncated = errors.New("malformed protobuf field")

// field is one field of an encoded message. value is set for length-delimited fields only.
type field struct {
	number protowire.Number
	kind   protowire.Type
	raw    []byte
	value  []byte
}

// next reads the first field of a message that is not empty.
func next(message []byte) (field, error) {
	number, kind, tag := protowire.ConsumeTag(message)
	if tag < 0 {
		return field{}, errTruncated
	}
	if kind == protowire.BytesType {
		value, size := protowire.ConsumeBytes(message[tag:])
		if size < 0 {
			return field{}, errTruncated
		}
		return field{number: number, kind: kind, raw: message[:tag+size], value: value}, nil
	}
	size := protowire.ConsumeFieldValue(number, kind, message[tag:])
	if size < 0 {
		return field{}, errTruncated
	}
	return field{number: number, kind: kind, raw: message[:tag+size]}, nil
}

// sizeOf gives the bytes of the first field of a message that is not empty, or -1. It spares next's bookkeeping where fields are
// skipped by the million: a span has some twenty, and pdata writes the trace id last.
func sizeOf(message []byte) int {
	const severalBytes = 0x80
	size := -1
	if tag := message[0]; tag < severalBytes && len(message) > 1 {
		switch protowire.Type(tag & 7) {
		case protowire.BytesType:
			if message[1] < severalBytes {
				size = 2 + int(message[1])
			}
		case protowire.Fixed64Type:
			size = 9
		}
	}
	if size < 0 {
		_, _, size = protowire.ConsumeField(message)
	}
	if size > len(message) {
		return -1
	}
	return size
}

func eachField(message []byte, visit func(field) error) error {
	for len(message) > 0 {
		f, err := next(message)
		if err != nil {
			return err
		}
		if err := visit(f); err != nil {
			return err
		}
		message = message[len(f.raw):]
	}
	return nil
}

// extend appends more to run. Where more follows run in memory, and run may grow into it, this is a reslice.
func extend(run, more []byte) []byte {
	if len(run) == 0 {
		return more[:len(more):cap(more)]
	}
	if grown := len(run) + len(more); cap(run) >= grown && &run[:grown][len(run)] == &more[0] {
		return run[:grown]
	}
	return append(run[:len(run):len(run)], more...)
}
