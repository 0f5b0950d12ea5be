package wire

import (
	"bytes"
	"context"
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
	watch watch // tells what has come while it was idle
	home  *pool
	since time.Time // it is idle

	buf  []byte
	r, w int // what is unread in buf
	base int // what is unread can move down to here
	res  Response
	stop func() bool // ends the watch over the context
}

func newConn(raw net.Conn, home *pool) *conn {
	c := &conn{Conn: raw, home: home, buf: make([]byte, bufferSize)}
	c.watch.of(raw)
	c.res.conn = c
	return c
}

func (c *conn) close() { _ = c.Close() }

// ready makes an idle connection ready for an exchange, and reports whether it can have one. Bytes that nobody asked for would be taken
// for the answer to the next request, which is somebody else's.
func (c *conn) ready(deadline time.Time) bool {
	return !c.watch.stirred() && c.SetDeadline(deadline) == nil
}

// longAgo is a deadline that wakes whoever waits for the connection.
var longAgo = time.Unix(1, 0)

// exchange sends the request and reads the head of the answer. When it fails, the connection is closed.
func (c *conn) exchange(ctx context.Context, req *Request) (*Response, error) {
	c.stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(longAgo) })
	err := c.send(req)
	if err == nil {
		err = c.receive(req.method)
	}
	if err == nil {
		return &c.res, nil
	}
	c.stop()
	c.close()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, err
}

// send writes the request. An upstream may answer before it has read all of it, and close: then the answer is what counts.
func (c *conn) send(req *Request) error {
	if _, err := c.Write(req.head); err != nil {
		return broken("write request", err)
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

// release hands the connection back for the next exchange.
func (c *conn) release() {
	if len(c.buf) > bufferSize {
		c.buf = make([]byte, bufferSize)
	}
	c.r, c.w, c.since = 0, 0, time.Now()
	if !c.home.put(c) {
		c.close()
	}
}
