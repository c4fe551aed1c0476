//go:build integration

package rabbitmqexporter

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between the exporter and the broker. It can cut, freeze and put words into the broker's mouth.
type proxy struct {
	t      *testing.T
	target string
	addr   string
	tls    *tls.Config
	// up and down are the bytes still let through to and from the broker; where one is used up, the connection is cut.
	up, down atomic.Int64
	// passedUp and passedDown count what went through.
	passedUp, passedDown atomic.Int64
	// deaf, while locked, keeps the broker's bytes from the exporter; mute the exporter's from the broker.
	deaf, mute sync.Mutex

	mu       sync.Mutex
	listener net.Listener
	clients  map[net.Conn]*sync.Mutex
	running  sync.WaitGroup
}

// newProxy reserves an address; nobody listens there until listen is called.
func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{t: t, target: target, addr: deadAddress(t), clients: map[net.Conn]*sync.Mutex{}}
	p.mend()
	t.Cleanup(p.close)
	return p
}

func (p *proxy) mend() {
	p.up.Store(math.MaxInt64)
	p.down.Store(math.MaxInt64)
}

func (p *proxy) listen() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.addr)
	require.NoError(p.t, err)
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	p.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(client) })
		}
	})
}

func (p *proxy) serve(client net.Conn) {
	// Small, so that a frozen direction is felt soon; left alone, Linux lets it grow to many megabytes.
	_ = client.(*net.TCPConn).SetReadBuffer(64 << 10)
	if p.tls != nil {
		client = tls.Server(client, p.tls)
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	writing := &sync.Mutex{}
	p.mu.Lock()
	p.clients[client] = writing
	p.mu.Unlock()
	cut := func() {
		_ = client.Close()
		_ = server.Close()
	}
	p.running.Go(func() { defer cut(); p.forwardUp(server, client) })
	p.forwardDown(client, server, writing)
	cut()
	p.mu.Lock()
	delete(p.clients, client)
	p.mu.Unlock()
}

func (p *proxy) forwardUp(to io.Writer, from io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		p.mute.Lock()
		p.mute.Unlock() //nolint:staticcheck // held by a test while the direction is frozen
		if !pass(to, buffer[:n], &p.up, &p.passedUp) || err != nil {
			return
		}
	}
}

// forwardDown passes whole AMQP frames, so that a frame of the test's own can go between two of them.
func (p *proxy) forwardDown(to io.Writer, from io.Reader, writing *sync.Mutex) {
	header := make([]byte, 7)
	for {
		if _, err := io.ReadFull(from, header); err != nil {
			return
		}
		frame := make([]byte, len(header)+int(binary.BigEndian.Uint32(header[3:]))+1)
		copy(frame, header)
		if _, err := io.ReadFull(from, frame[len(header):]); err != nil {
			return
		}
		p.deaf.Lock()
		p.deaf.Unlock() //nolint:staticcheck // held by a test while the direction is frozen
		writing.Lock()
		passed := pass(to, frame, &p.down, &p.passedDown)
		writing.Unlock()
		if !passed {
			return
		}
	}
}

// pass writes as much of b as left allows, and says whether that was all.
func pass(to io.Writer, b []byte, left, passed *atomic.Int64) bool {
	rest := left.Add(-int64(len(b)))
	whole := rest >= 0
	if !whole {
		b = b[:max(0, int64(len(b))+rest)]
	}
	n, err := to.Write(b)
	passed.Add(int64(n))
	return whole && err == nil
}

// inject sends a frame to every client as if the broker had.
func (p *proxy) inject(frame []byte) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for client, writing := range p.clients {
		writing.Lock()
		_, err := client.Write(frame)
		writing.Unlock()
		require.NoError(p.t, err)
	}
}

// methodFrame is a method frame on the given channel (AMQP 0-9-1, section 4.2.4).
func methodFrame(channel, class, method uint16, arguments ...byte) []byte {
	frame := []byte{1}
	frame = binary.BigEndian.AppendUint16(frame, channel)
	frame = binary.BigEndian.AppendUint32(frame, uint32(4+len(arguments)))
	frame = binary.BigEndian.AppendUint16(frame, class)
	frame = binary.BigEndian.AppendUint16(frame, method)
	return append(append(frame, arguments...), 0xCE)
}

func shortString(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// freeze stops a direction, deaf or mute, until the function it gives, or the end of the test.
func (p *proxy) freeze(direction *sync.Mutex) (thaw func()) {
	direction.Lock()
	thaw = sync.OnceFunc(direction.Unlock)
	p.t.Cleanup(thaw)
	return thaw
}

// cut ends all connections; new ones are accepted.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for client := range p.clients {
		_ = client.Close()
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
	}
	p.mu.Unlock()
	p.cut()
	p.running.Wait()
}
