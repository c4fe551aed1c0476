package rabbitmqexporter

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/config/configcompression"
)

// compressor compresses whole bodies. It is safe for concurrent use.
type compressor struct {
	// encoding is the AMQP content encoding, empty without compression.
	encoding string
	compress func(body []byte) ([]byte, error)
}

func newCompressor(kind configcompression.Type) (compressor, error) {
	switch kind {
	case noneType, "":
		return compressor{compress: func(body []byte) ([]byte, error) { return body, nil }}, nil
	case configcompression.TypeGzip:
		return compressor{encoding: "gzip", compress: newGzip()}, nil
	case configcompression.TypeZstd:
		return newZstd()
	}
	return compressor{}, fmt.Errorf("unknown compression %q", kind)
}

func newGzip() func([]byte) ([]byte, error) {
	writers := sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	return func(body []byte) ([]byte, error) {
		writer := writers.Get().(*gzip.Writer)
		defer writers.Put(writer)
		var out bytes.Buffer
		writer.Reset(&out)
		if _, err := writer.Write(body); err != nil {
			return nil, err
		}
		if err := writer.Close(); err != nil {
			return nil, err
		}
		return out.Bytes(), nil
	}
}

func newZstd() (compressor, error) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		return compressor{}, err
	}
	return compressor{encoding: "zstd", compress: func(body []byte) ([]byte, error) {
		return encoder.EncodeAll(body, nil), nil
	}}, nil
}
