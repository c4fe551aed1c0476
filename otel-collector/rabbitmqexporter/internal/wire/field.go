package wire

import "google.golang.org/protobuf/encoding/protowire"

// field is one field of an encoded message. value is set for length-delimited fields only.
type field struct {
	number protowire.Number
	kind   protowire.Type
	raw    []byte
	value  []byte
}

func next(message []byte) (field, error) {
	number, kind, tag := protowire.ConsumeTag(message)
	if tag < 0 {
		return field{}, errTruncated
	}
	size := protowire.ConsumeFieldValue(number, kind, message[tag:])
	if size < 0 {
		return field{}, errTruncated
	}
	f := field{number: number, kind: kind, raw: message[:tag+size]}
	if kind == protowire.BytesType {
		f.value, _ = protowire.ConsumeBytes(message[tag:])
	}
	return f, nil
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

// partition separates the fields numbered nested from the rest. It copies only where one of the two is not contiguous.
func partition(message []byte, nested protowire.Number) (rest, groups []byte, err error) {
	err = eachField(message, func(f field) error {
		if f.number == nested && f.kind == protowire.BytesType {
			groups = extend(groups, f.raw)
		} else {
			rest = extend(rest, f.raw)
		}
		return nil
	})
	return rest, groups, err
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
