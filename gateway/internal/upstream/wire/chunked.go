package wire

import (
	"bytes"
	"fmt"
	"io"
)

// Limits of the lines between chunks, and of the trailer behind them.
const (
	maxLine    = 4 << 10
	maxTrailer = 16 << 10
)

// nextChunk reads the line before a chunk (RFC 9112 §7.1). After the last it reads the trailer, of which nothing is kept, and gives io.EOF.
// Extensions mean nothing here; they may be what a quoted string cannot hide: no control bytes.
func (r *Response) nextChunk() error {
	line, err := r.conn.line(r.conn.base + maxLine)
	if err != nil {
		return fmt.Errorf("read chunk: %w", err)
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	if r.left = number(size, 16); r.left < 0 || !isValue(line) {
		return fmt.Errorf("%w: chunk size", ErrAnswer)
	}
	if r.left > 0 {
		return nil
	}
	return r.trailer()
}

func (r *Response) trailer() error {
	for room := maxTrailer; room > 0; {
		line, err := r.conn.line(r.conn.base + maxLine)
		if err != nil {
			return fmt.Errorf("read trailer: %w", err)
		}
		if len(line) == 0 {
			return io.EOF
		}
		if _, err := parseField(line, 0); err != nil {
			return err
		}
		room -= len(line)
	}
	return fmt.Errorf("%w: trailer too large", ErrAnswer)
}

// readChunk gives bytes of the chunk, and takes the CRLF behind its last.
func (r *Response) readChunk(p []byte) (int, error) {
	n, err := r.conn.pullBuffered(p[:min(int64(len(p)), r.left)])
	if r.left -= int64(n); r.left > 0 || err != nil {
		return n, err
	}
	line, err := r.conn.line(r.conn.base + maxLine)
	if err == nil && len(line) > 0 {
		err = fmt.Errorf("%w: chunk longer than its size", ErrAnswer)
	}
	return n, err
}

// pullBuffered is pull that reads ahead where little is wanted, since more chunks follow.
func (c *conn) pullBuffered(p []byte) (int, error) {
	if c.r == c.w && len(p) < len(c.buf)-c.base {
		if err := c.fill(len(c.buf)); err != nil {
			return 0, err
		}
	}
	return c.pull(p)
}
