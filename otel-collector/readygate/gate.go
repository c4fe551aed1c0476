package readygate

import (
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// shut is what a client is told, over gRPC and HTTP alike: OTLP has it send the same data again.
// https://opentelemetry.io/docs/specs/otlp/#failures
var shut = status.New(codes.Unavailable, "the collector is starting or stopping and took nothing of this request: send it again")

var (
	_ extension.Extension                   = (*gate)(nil)
	_ extensioncapabilities.PipelineWatcher = (*gate)(nil)
	_ extensionmiddleware.GRPCServer        = (*gate)(nil)
	_ extensionmiddleware.HTTPServer        = (*gate)(nil)
)

// gate is shut at first.
type gate struct {
	component.StartFunc
	component.ShutdownFunc

	logger  *zap.Logger
	open    atomic.Bool
	refused atomic.Int64
}

// Ready opens the gate: the service calls it once it has started all components.
func (g *gate) Ready() error {
	g.open.Store(true)
	g.logger.Info("Every component has started: requests are taken.", zap.Int64("refused_before", g.refused.Load()))
	return nil
}

// NotReady shuts the gate: the service calls it before it stops any component. Requests that are through it already are answered,
// for the servers wait for them, and are stopped before anything that they hand data to.
func (g *gate) NotReady() error {
	g.open.Store(false)
	return nil
}

// passes reports whether a request may go through; one that may not is counted.
func (g *gate) passes() bool {
	if g.open.Load() {
		return true
	}
	g.refused.Add(1)
	return false
}
