package wire

import (
	"fmt"
	"io"
	"strconv"
)

// Request is the head of a request in a buffer, and its body. Its zero value is ready to start, and can be started again: the buffer is
// kept.
type Request struct {
	head   []byte
	method string
	body   io.Reader
	length int64
	fault  string // what is wrong with it; "" is nothing
}

// Start begins a request without a body.
func (r *Request) Start(method, target, host string) {
	*r = Request{head: r.head[:0], method: method}
	if !isToken(method) || target == "" || target[0] != '/' || !visible(target) || host == "" || !visible(host) {
		r.fault = "request line or host"
	}
	r.head = append(r.head, method...)
	r.head = append(r.head, ' ')
	r.head = append(r.head, target...)
	r.head = append(r.head, " HTTP/1.1\r\nHost: "...)
	r.head = append(r.head, host...)
	r.head = append(r.head, "\r\n"...)
}

// Field adds a header field, whose value may come in parts. Fields that frame a message are the client's own business.
func (r *Request) Field(name string, value ...string) {
	if !isToken(name) || reserved(name) {
		r.fault = "header field"
	}
	r.head = append(r.head, name...)
	r.head = append(r.head, ": "...)
	for _, part := range value {
		if !isValue(part) {
			r.fault = "header field"
		}
		r.head = append(r.head, part...)
	}
	r.head = append(r.head, "\r\n"...)
}

// Body gives the request a body of length bytes, or of unknown length when that is negative.
func (r *Request) Body(body io.Reader, length int64) { r.body, r.length = body, length }

// finish closes the head, with the one field that frames the body.
func (r *Request) finish() error {
	switch {
	case r.method == "" || r.fault != "":
		return fmt.Errorf("%w: %s", ErrRequest, r.fault)
	case r.body != nil && r.length < 0:
		r.head = append(r.head, "Transfer-Encoding: chunked\r\n"...)
	case r.body != nil || r.method == "POST" || r.method == "PUT" || r.method == "PATCH": // RFC 9110 §8.6
		r.head = append(r.head, "Content-Length: "...)
		r.head = strconv.AppendInt(r.head, r.length, 10)
		r.head = append(r.head, "\r\n"...)
	}
	r.head = append(r.head, "\r\n"...)
	r.fault = "sent before"
	return nil
}

// repeatable reports whether the request can be sent again though the upstream may have acted on it.
func (r *Request) repeatable() bool {
	switch r.method {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return r.body == nil
	default:
		return false
	}
}
