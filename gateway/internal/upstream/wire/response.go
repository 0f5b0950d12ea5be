package wire

import (
	"fmt"
	"io"
)

// Response is an answer. It belongs to its connection: nothing of it may be used once it is closed.
type Response struct {
	Status int
	// Length of the body in bytes, of a HEAD's answer the length that a GET's would have; -1 is unknown.
	Length int64

	conn   *conn
	minor  int // HTTP/1.minor
	fields []field
	sent   bool // all of the request
	last   bool // the connection ends with this answer
	framed framing
	left   int64 // of the body, or of the chunk
	err    error // of reading the body; io.EOF is its end
}

// framing is how the end of a body is told.
type framing int

const (
	byLength framing = iota
	byChunks
	byClose
)

// Values gives the values of the header fields of that name, nil when there is none.
func (r *Response) Values(name string) (values []string) {
	for _, f := range r.fields {
		if equalFold(f.name.in(r.conn.buf), name) {
			values = append(values, string(f.value.in(r.conn.buf)))
		}
	}
	return values
}

// frame finds out where the body ends (RFC 9112 §6.3), which must be told in one way alone.
func (r *Response) frame(method string) error {
	lengths, encodings, chunked := 0, 0, false
	r.Length, r.left, r.err = -1, 0, nil
	r.last = !r.sent || r.minor == 0
	for _, f := range r.fields {
		name, value := f.name.in(r.conn.buf), f.value.in(r.conn.buf)
		switch {
		case equalFold(name, "Content-Length"):
			lengths++
			r.Length = number(value, 10)
		case equalFold(name, "Transfer-Encoding"):
			encodings++
			chunked = equalFold(value, "chunked")
		case equalFold(name, "Connection"):
			r.last = r.last || hasToken(value, "close")
		}
	}
	if lengths+encodings > 1 || lengths == 1 && r.Length < 0 || encodings == 1 && (!chunked || r.minor == 0) {
		return fmt.Errorf("%w: its length is told in %d ways", ErrAnswer, lengths+encodings)
	}
	r.conn.base = r.conn.r
	switch {
	case method == "HEAD" || r.Status == 204 || r.Status == 304:
		r.framed, r.err = byLength, io.EOF
	case chunked:
		r.framed = byChunks
	case lengths == 0:
		r.framed, r.last = byClose, true
	default:
		r.framed, r.left = byLength, r.Length
		if r.left == 0 {
			r.err = io.EOF
		}
	}
	return nil
}

// Read implements io.Reader. io.EOF is the end that the answer itself tells; one that breaks off gives another error.
func (r *Response) Read(p []byte) (n int, err error) {
	if r.err == nil && len(p) > 0 {
		n, r.err = r.read(p)
	}
	return n, r.err
}

func (r *Response) read(p []byte) (n int, err error) {
	switch r.framed {
	case byClose:
		n, err = r.conn.pull(p)
		if err == io.ErrUnexpectedEOF { //nolint:errorlint // pull's own value
			err = io.EOF
		}
		return n, err
	case byChunks:
		if r.left == 0 {
			if err := r.nextChunk(); err != nil {
				return 0, err
			}
		}
		return r.readChunk(p)
	default:
		n, err = r.conn.pull(p[:min(int64(len(p)), r.left)])
		if r.left -= int64(n); r.left == 0 {
			return n, io.EOF
		}
		return n, err
	}
}

// Close lets go of the connection: for another exchange if the answer has been read to its end and nothing came behind it.
func (r *Response) Close() {
	c := r.conn
	if r.err == nil && r.framed == byLength && int64(c.w-c.r) == r.left { // all of it is here, unread
		c.r, r.err = c.w, io.EOF
	}
	undisturbed := c.unwatch()
	if undisturbed && r.err == io.EOF && !r.last && c.r == c.w { //nolint:errorlint // our own value
		c.release()
		return
	}
	c.close()
}

// pull gives what the buffer still has, or else reads straight into p.
func (c *conn) pull(p []byte) (int, error) {
	if c.r < c.w {
		n := copy(p, c.buf[c.r:c.w])
		c.r += n
		return n, nil
	}
	n, err := c.Read(p)
	if err == io.EOF { //nolint:errorlint // a reader's own value
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// hasToken reports whether a list of tokens has one.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		end := 0
		for end < len(list) && list[end] != ',' {
			end++
		}
		if equalFold(trim(list, span{0, end}).in(list), token) {
			return true
		}
		list = list[min(end+1, len(list)):]
	}
	return false
}
