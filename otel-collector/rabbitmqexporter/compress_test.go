package rabbitmqexporter

import (
	"bytes"
	"io"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configcompression"
)

func newTestFactory(t *testing.T, compression string) messageFactory {
	t.Helper()
	compressor, err := newCompressor(configcompression.Type(compression))
	require.NoError(t, err)
	factory := newMessageFactory(compressor, tracesSignal(validConfig()), "hallmark-collector")
	factory.newID = func() string { return "id" }
	return factory
}

func inflate(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var reader io.Reader = bytes.NewReader(body)
	var err error
	switch encoding {
	case "gzip":
		reader, err = gzip.NewReader(reader)
	case "zstd":
		var decoder *zstd.Decoder
		decoder, err = zstd.NewReader(reader)
		t.Cleanup(decoder.Close)
		reader = decoder
	}
	require.NoError(t, err)
	plain, err := io.ReadAll(reader)
	require.NoError(t, err)
	return plain
}

func TestCompressionByManyAtOnce(t *testing.T) {
	for _, kind := range []configcompression.Type{"none", "gzip", "zstd"} {
		compressor, err := newCompressor(kind)
		require.NoError(t, err)
		bodies := make([][]byte, 20)
		var all sync.WaitGroup
		for i := range bodies {
			all.Go(func() { bodies[i], _ = compressor.compress(bytes.Repeat([]byte{byte(i)}, 10_000)) })
		}
		all.Wait()
		for i, body := range bodies {
			assert.Equal(t, bytes.Repeat([]byte{byte(i)}, 10_000), inflate(t, compressor.encoding, body), "%s, body %d", kind, i)
		}
	}
}

func TestUnknownCompressionIsAnError(t *testing.T) {
	_, err := newCompressor("snappy")
	assert.Error(t, err)
}
