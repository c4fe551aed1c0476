package readygate

import (
	"context"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	jsonType     = "application/json"
	protobufType = "application/x-protobuf"
	// retryAfter, in seconds, is the shortest that the header can say; a start mostly takes less.
	retryAfter = "1"
)

// GetHTTPHandler has an HTTP server answer 503 while the gate is shut.
func (g *gate) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return g.wrap, nil
}

func (g *gate) wrap(_ context.Context, base http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.passes() {
			refuse(w, r)
			return
		}
		base.ServeHTTP(w, r)
	}), nil
}

// refuse answers with a Status in the encoding of the request, as OTLP asks for.
// https://opentelemetry.io/docs/specs/otlp/#failures-1
func refuse(w http.ResponseWriter, r *http.Request) {
	encoding, encode := protobufType, proto.Marshal
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == jsonType {
		encoding, encode = jsonType, protojson.Marshal
	}
	body, err := encode(shut.Proto())
	if err != nil {
		body = nil // the code says it all
	}
	w.Header().Set("Content-Type", encoding)
	w.Header().Set("Retry-After", retryAfter)
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(body) // a client that has gone needs no answer
}
