package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// Limits of what an answer may be around its body.
const (
	maxHead   = 64 << 10
	maxFields = 100
	maxHints  = 5 // answers before the answer, such as 103
)

// receive reads heads until one is the answer.
func (c *conn) receive(method string) error {
	for range maxHints + 1 {
		if err := c.receiveHead(); err != nil {
			return err
		}
		if c.res.Status >= 200 {
			return c.res.frame(method)
		}
		if c.res.Status == 101 { // nobody asked for another protocol
			return fmt.Errorf("%w: switches protocols", ErrAnswer)
		}
	}
	return fmt.Errorf("%w: no answer after %d hints", ErrAnswer, maxHints)
}

// receiveHead reads one head, line by line, into the response. Nothing moves in the buffer meanwhile.
func (c *conn) receiveHead() error {
	c.base = maxHead
	line, err := c.line(maxHead)
	if err != nil {
		return c.noAnswer(err)
	}
	if err := c.res.statusLine(line); err != nil {
		return err
	}
	c.res.fields = c.res.fields[:0]
	for {
		line, err := c.line(maxHead)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		if len(c.res.fields) == maxFields {
			return fmt.Errorf("%w: more than %d fields", ErrAnswer, maxFields)
		}
		f, err := parseField(line, c.r-len(line)-2)
		if err != nil {
			return err
		}
		c.res.fields = append(c.res.fields, f)
	}
}

// noAnswer is the error of an answer that did not begin.
func (c *conn) noAnswer(err error) error {
	if c.w > 0 || errors.Is(err, ErrAnswer) {
		return fmt.Errorf("read answer: %w", err)
	}
	return broken("read answer", err)
}

// statusLine takes "HTTP/1.1 200 OK", in which the words may be missing.
func (r *Response) statusLine(line []byte) error {
	r.minor = -1
	if len(line) >= 12 && (len(line) == 12 || line[12] == ' ') && string(line[:7]) == "HTTP/1." && line[8] == ' ' && isValue(line) {
		switch line[7] {
		case '0', '1':
			r.minor = int(line[7] - '0')
		}
		r.Status = int(number(line[9:12], 10))
	}
	if r.minor < 0 || r.Status < 100 || r.Status > 599 {
		return fmt.Errorf("%w: status line", ErrAnswer)
	}
	return nil
}

// field is where a header field stands in the buffer.
type field struct{ name, value span }

type span struct{ from, to int }

func (s span) in(b []byte) []byte { return b[s.from:s.to] }

// parseField takes "Name: value", which begins at the offset. A line that goes on with the one before (obs-fold, RFC 9112 §5.2) has no
// name.
func parseField(line []byte, at int) (field, error) {
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || !isToken(line[:colon]) || !isValue(line) {
		return field{}, fmt.Errorf("%w: header field", ErrAnswer)
	}
	value := trim(line, span{colon + 1, len(line)})
	return field{span{at, at + colon}, span{at + value.from, at + value.to}}, nil
}
