package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// client sends one request again and again on a connection of its own. It reads of an answer what it takes to find its end, and makes no
// garbage: it shares the machine with what it measures, and net/http's client costs more than some of that.
type client struct {
	conn    net.Conn
	answers *bufio.Reader
	request []byte
}

// dial opens a connection on which all must be over by the deadline.
func dial(ctx context.Context, c Case, deadline time.Time) (*client, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	for name, value := range c.Head {
		req.Header.Set(name, value)
	}
	var request bytes.Buffer
	if err := req.Write(&request); err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", req.URL.Host)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &client{conn, bufio.NewReaderSize(conn, 16<<10), request.Bytes()}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// ask makes one exchange.
func (c *client) ask() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	line, err := c.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %q", line)
	}
	length, err := c.length()
	if err != nil {
		return err
	}
	if length != inChunks {
		_, err = c.answers.Discard(length)
		return err
	}
	return c.skipChunks()
}

const inChunks = -1 // a body that does not tell its length

// length reads the head to its end, and gives what it says of the body.
func (c *client) length() (length int, err error) {
	length = inChunks
	for {
		line, err := c.answers.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, field := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		if !field {
			return length, nil
		}
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
}

// skipChunks reads a body of chunks to its end, which has no trailer here.
func (c *client) skipChunks() error {
	for {
		line, err := c.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return fmt.Errorf("read chunk: %w", err)
		}
		if _, err := c.answers.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}
