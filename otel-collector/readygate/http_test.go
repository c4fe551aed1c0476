package readygate

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// serveHTTP is a server behind the gate that answers 200 to everything.
func serveHTTP(t *testing.T, g *gate) *httptest.Server {
	t.Helper()
	wrap, err := g.GetHTTPHandler(t.Context())
	require.NoError(t, err)
	handler, err := wrap(t.Context(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func post(t *testing.T, server *httptest.Server, contentType string) (*http.Response, []byte) {
	t.Helper()
	answer, err := server.Client().Post(server.URL+"/v1/traces", contentType, strings.NewReader("{}"))
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, body
}

func TestHTTPIsTakenBetweenReadyAndNotReady(t *testing.T) {
	g, _ := newGate(t)
	server := serveHTTP(t, g)
	code := func() int {
		answer, _ := post(t, server, protobufType)
		return answer.StatusCode
	}

	assert.Equal(t, http.StatusServiceUnavailable, code())
	require.NoError(t, g.Ready())
	assert.Equal(t, http.StatusOK, code())
	require.NoError(t, g.NotReady())
	assert.Equal(t, http.StatusServiceUnavailable, code())
}

func TestARefusalIsAStatusInTheEncodingOfTheRequest(t *testing.T) {
	for asked, want := range map[string]struct {
		contentType string
		decode      func([]byte, proto.Message) error
	}{
		"application/x-protobuf":          {protobufType, proto.Unmarshal},
		"application/json; charset=utf-8": {jsonType, protojson.Unmarshal},
		"text/plain":                      {protobufType, proto.Unmarshal},
		"":                                {protobufType, proto.Unmarshal},
	} {
		t.Run(asked, func(t *testing.T) {
			g, _ := newGate(t)
			answer, body := post(t, serveHTTP(t, g), asked)

			assert.Equal(t, want.contentType, answer.Header.Get("Content-Type"))
			assert.Equal(t, "1", answer.Header.Get("Retry-After"))
			var found spb.Status
			require.NoError(t, want.decode(body, &found))
			assert.EqualValues(t, codes.Unavailable, found.Code)
			assert.Contains(t, found.Message, "send it again")
		})
	}
}
