package readygate

import (
	"context"

	"google.golang.org/grpc"
)

// GetGRPCServerOptions has a gRPC server answer UNAVAILABLE while the gate is shut.
func (g *gate) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
	}, nil
}

func (g *gate) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if !g.passes() {
		return nil, shut.Err()
	}
	return handler(ctx, req)
}

func (g *gate) stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if !g.passes() {
		return shut.Err()
	}
	return handler(srv, stream)
}
