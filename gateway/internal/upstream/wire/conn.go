package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// bufferSize holds the head of a usual answer and, with luck, all of it.
const bufferSize = 4 << 10

// conn is a connection with the answer that is read from it.
type conn struct {
	net.Conn
	socket socket // the one below
	home   *pool
	since  time.Time // it is idle; zero before the first exchange

	buf  []byte
	r, w int // what is unread in buf
	base int // what is unread can move down to here
	res  Response

	// Of the exchange under way.
	ctx      context.Context
	deadline time.Time
	stop     func() bool // ends the watch over ctx; nil while there is none
}

func newConn(raw net.Conn, home *pool) *conn {
	c := &conn{Conn: raw, home: home, buf: make([]byte, bufferSize)}
	c.socket.of(raw)
	c.res.conn = c
	return c
}

func (c *conn) close() { _ = c.Close() }

// longAgo is a deadline that wakes whoever waits for the connection.
var longAgo = time.Unix(1, 0)

// brief is how long an exchange waits before anybody watches whether the client is still there. Most are over by then, and to begin and
// end a watch costs more than to make their token.
const brief = 20 * time.Millisecond

// exchange sends the request and reads the head of the answer. When it fails, the connection is closed.
func (c *conn) exchange(ctx context.Context, deadline time.Time, req *Request) (*Response, error) {
	c.ctx, c.deadline = ctx, deadline
	err := c.SetDeadline(earlier(deadline, time.Now().Add(brief)))
	if err == nil {
		err = c.send(req)
	}
	if err == nil {
		err = c.receive(req.method)
	}
	if err == nil {
		return &c.res, nil
	}
	c.unwatch()
	c.close()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// watch lets the exchange go on until its deadline, or the end of its context.
func (c *conn) watch() error {
	err := c.SetDeadline(c.deadline)
	c.stop = context.AfterFunc(c.ctx, func() { _ = c.SetDeadline(longAgo) })
	return err
}

// unwatch reports whether the context has not ended the exchange.
func (c *conn) unwatch() (undisturbed bool) {
	undisturbed = c.stop == nil || c.stop()
	c.stop = nil
	return undisturbed
}

// Read implements io.Reader. A wait that is no longer brief goes on under a watch.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil || c.stop != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	if err := c.watch(); err != nil {
		return n, err
	}
	return c.Conn.Read(p)
}

// Write implements io.Writer, under a watch: what was written in part cannot be written again.
func (c *conn) Write(p []byte) (int, error) {
	if c.stop == nil {
		if err := c.watch(); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// kept reports whether an exchange has been made before.
func (c *conn) kept() bool { return !c.since.IsZero() }

// send writes the request. An upstream may answer before it has read all of it, and close: then the answer is what counts.
func (c *conn) send(req *Request) error {
	if err := c.sendHead(req); err != nil {
		return err
	}
	c.res.sent = true
	if req.body == nil {
		return nil
	}
	err := c.sendBody(req)
	if err == nil {
		return nil
	}
	c.res.sent = false
	if errors.Is(err, ErrBody) || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// sendHead writes the head, unless a kept connection has been closed or written to since: bytes that nobody asked for would be taken for the
// answer to this request, which is somebody else's.
func (c *conn) sendHead(req *Request) (err error) {
	wrote := 0
	if c.kept() {
		wrote, err = c.speak(req)
	}
	if err == nil && wrote < len(req.head) {
		_, err = c.Write(req.head[wrote:])
	}
	if err == nil || errors.Is(err, errStirred) {
		return err
	}
	return broken("write request", err)
}

// speak begins an exchange on a kept connection. A busy machine may get here when brief is over.
func (c *conn) speak(req *Request) (wrote int, err error) {
	wrote, err = c.socket.speak(req.head, req.body == nil)
	if c.stop != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return wrote, err
	}
	if err := c.watch(); err != nil {
		return 0, err
	}
	return c.socket.speak(req.head, req.body == nil)
}

// errStirred says that a kept connection cannot have another exchange; nothing was sent.
var errStirred = errors.New("closed or written to while idle")

// broken is the error of a connection that was closed before the answer began.
func broken(doing string, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, errClosed, err)
}

// fill reads more into the buffer, behind what is unread, which moves down to base. It holds no more than limit.
func (c *conn) fill(limit int) error {
	if c.base < c.r {
		n := copy(c.buf[c.base:], c.buf[c.r:c.w])
		c.r, c.w = c.base, c.base+n
	}
	if c.w == len(c.buf) {
		if c.w >= limit {
			return fmt.Errorf("%w: too large", ErrAnswer)
		}
		c.buf = append(c.buf, make([]byte, min(len(c.buf), limit-c.w))...)
	}
	n, err := c.Read(c.buf[c.w:])
	c.w += n
	switch {
	case n > 0:
		return nil
	case err == io.EOF: //nolint:errorlint // a reader's own value
		return io.ErrUnexpectedEOF
	default:
		return err
	}
}

// line gives the next line without its CRLF, valid until the next read. One that ends in LF alone is refused: two readers can see
// different lines there.
func (c *conn) line(limit int) ([]byte, error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(c.buf[c.r+seen:c.w], '\n'); i >= 0 {
			line := c.buf[c.r : c.r+seen+i]
			c.r += len(line) + 1
			if len(line) == 0 || line[len(line)-1] != '\r' {
				return nil, fmt.Errorf("%w: line ends in LF alone", ErrAnswer)
			}
			return line[:len(line)-1], nil
		}
		seen = c.w - c.r
		if err := c.fill(limit); err != nil {
			return nil, err
		}
	}
}

// release hands the connection back for the next exchange, if it can be told then that nothing has come in between.
func (c *conn) release() {
	if len(c.buf) > bufferSize {
		c.buf = make([]byte, bufferSize)
	}
	c.r, c.w, c.since, c.ctx = 0, 0, time.Now(), nil
	if !c.socket.looks() || !c.emptied() || !c.home.put(c) {
		c.close()
	}
}

// emptied reports whether TLS holds nothing that it has read beyond the answer: the rest of a record, or another record of the same segment.
// No look at the socket finds that, and it would be taken for the answer to the next request. When the time is over, crypto/tls still gives
// what it holds, leaves the socket alone, and can be read again under the deadline of the next exchange. Nobody reads until then.
func (c *conn) emptied() bool {
	sealed, ok := c.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	if sealed.SetReadDeadline(longAgo) != nil {
		return false
	}
	n, err := sealed.Read(c.buf[:1])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
