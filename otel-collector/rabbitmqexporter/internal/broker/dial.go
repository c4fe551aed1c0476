package broker

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Address is where the broker is and who we are to it.
type Address struct {
	HostPort string
	Vhost    string
	Username string
	Password string
	// TLS is nil for a connection in the clear.
	TLS *tls.Config
	// Name is shown by the broker's management pages.
	Name string
	// Heartbeat is the interval proposed to the broker; three silent halves of it end the connection.
	Heartbeat time.Duration
	// ConnectTimeout bounds connecting, from the name look-up to the open virtual host.
	ConnectTimeout time.Duration
	// WriteTimeout bounds one write to the socket. The client library has no such bound: with a full TCP buffer it would hold
	// its locks for ever and could not even be closed.
	WriteTimeout time.Duration
}

// dial connects. It returns early, with an error, once ctx is done.
func dial(ctx context.Context, to Address) (*amqp.Connection, *gatheringConn, error) {
	ctx, cancel := context.WithTimeout(ctx, to.ConnectTimeout)
	defer cancel()
	socket, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.HostPort)
	if err != nil {
		return nil, nil, err
	}
	abort := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer abort()
	stream, err := secure(ctx, socket, to.TLS)
	if err != nil {
		_ = socket.Close()
		return nil, nil, err
	}
	transport := newGatheringConn(stream, to.WriteTimeout)
	connection, err := amqp.Open(transport, clientConfig(to))
	if err != nil {
		_ = socket.Close()
		return nil, nil, err
	}
	// The library begins to watch for silence with the next frame; a broker that never sends one would go unnoticed.
	_ = socket.SetReadDeadline(time.Now().Add(2 * connection.Config.Heartbeat))
	return connection, transport, nil
}

func secure(ctx context.Context, socket net.Conn, config *tls.Config) (net.Conn, error) {
	if config == nil {
		return socket, nil
	}
	client := tls.Client(socket, config)
	return client, client.HandshakeContext(ctx)
}

func clientConfig(to Address) amqp.Config {
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(to.Name)
	return amqp.Config{
		SASL:       []amqp.Authentication{&amqp.PlainAuth{Username: to.Username, Password: to.Password}},
		Vhost:      to.Vhost,
		Heartbeat:  to.Heartbeat,
		Locale:     "en_US",
		Properties: properties,
	}
}
