package readygate

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// serveGRPC is a client of a service behind the gate, with a unary and a streaming call.
func serveGRPC(t *testing.T, g *gate, service healthv1.HealthServer) (healthv1.HealthClient, *grpc.Server) {
	t.Helper()
	options, err := g.GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	server := grpc.NewServer(options...)
	healthv1.RegisterHealthServer(server, service)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, connection.Close())
		server.Stop()
		require.NoError(t, <-served)
	})
	return healthv1.NewHealthClient(connection), server
}

var calls = map[string]func(context.Context, healthv1.HealthClient) error{
	"unary": func(ctx context.Context, client healthv1.HealthClient) error {
		_, err := client.Check(ctx, &healthv1.HealthCheckRequest{})
		return err
	},
	"stream": func(ctx context.Context, client healthv1.HealthClient) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		watch, err := client.Watch(ctx, &healthv1.HealthCheckRequest{})
		if err != nil {
			return err
		}
		_, err = watch.Recv()
		return err
	},
}

func assertRefused(t *testing.T, err error) {
	t.Helper()
	assert.Equal(t, codes.Unavailable, status.Code(err))
	assert.ErrorContains(t, err, "send it again")
}

func TestGRPCIsTakenBetweenReadyAndNotReady(t *testing.T) {
	for kind, call := range calls {
		t.Run(kind, func(t *testing.T) {
			g, _ := newGate(t)
			client, _ := serveGRPC(t, g, health.NewServer())

			assertRefused(t, call(t.Context(), client))
			require.NoError(t, g.Ready())
			assert.NoError(t, call(t.Context(), client))
			require.NoError(t, g.NotReady())
			assertRefused(t, call(t.Context(), client))
		})
	}
}

// slow is a service that answers when it is told to.
type slow struct {
	healthv1.UnimplementedHealthServer
	began, end chan struct{}
}

func (s *slow) Check(context.Context, *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	close(s.began)
	<-s.end
	return &healthv1.HealthCheckResponse{}, nil
}

// TestWhatIsThroughTheGateIsAnswered: the gate shuts, the server is asked to stop, and the call is answered all the same.
func TestWhatIsThroughTheGateIsAnswered(t *testing.T) {
	g, _ := newGate(t)
	require.NoError(t, g.Ready())
	service := &slow{began: make(chan struct{}), end: make(chan struct{})}
	client, server := serveGRPC(t, g, service)
	answered := make(chan error, 1)
	go func() { answered <- calls["unary"](context.Background(), client) }()
	<-service.began

	require.NoError(t, g.NotReady())
	stopped := make(chan struct{})
	go func() { server.GracefulStop(); close(stopped) }()
	close(service.end)

	assert.NoError(t, <-answered)
	<-stopped
}
