package broker

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// gatherBytes is how much is gathered before it is written. The client library writes each message in three pieces, two of them
// tiny; a push of many messages is far fewer system calls, here and at the broker, when they go out together.
const gatherBytes = 64 << 10

// gatheringConn bounds the time of each write to the socket, and gathers what is written between gather and release. While nobody
// gathers, writes pass at once.
type gatheringConn struct {
	net.Conn
	timeout time.Duration

	mu        sync.Mutex
	buffer    *bufio.Writer
	gathering int
}

func newGatheringConn(conn net.Conn, timeout time.Duration) *gatheringConn {
	c := &gatheringConn{Conn: conn, timeout: timeout}
	c.buffer = bufio.NewWriterSize(writerFunc(c.writeNow), gatherBytes)
	return c
}

func (c *gatheringConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.buffer.Write(b)
	if err == nil && c.gathering == 0 {
		err = c.buffer.Flush()
	}
	return n, err
}

// gather holds back writes until there is enough, or until release, which every call needs.
func (c *gatheringConn) gather() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gathering++
}

// release writes what was gathered, others' included. A failure closes the connection, which is how everybody hears of it.
func (c *gatheringConn) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gathering--
	_ = c.buffer.Flush()
}

func (c *gatheringConn) writeNow(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		// A frame cut short makes the connection useless, and the library goes on reading after a failed flush.
		_ = c.Close()
	}
	return n, err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
