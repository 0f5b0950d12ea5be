package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream/wire"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// outward are the service's headers that the client sees. Location belongs to a 201 alone; challenges are the gateway's own.
var outward = []string{
	"Allow", "Cache-Control", "Content-Language", "Content-Type", "Etag", "Last-Modified", "Retry-After", "Vary",
}

// maxBuffered is how much of an answer is read before its status is sent, so that an answer that breaks off can still become
// a 502 or 504. Longer ones are streamed and cut.
const maxBuffered = 64 << 10

// relay answers with the service's answer. Once that is here whole, a client that is slow to take it keeps nobody from the service.
func (x *exchange) relay(c *gin.Context, private bool) {
	res := x.res
	if !usable(c, res) {
		return
	}
	buf, n, err := x.begin(res)
	if err != nil && !errors.Is(err, io.EOF) {
		fail(c, err)
		return
	}
	if res.Status >= http.StatusBadRequest && shown(c, res.Status, buf[:n]) {
		return
	}
	copyHeader(c.Writer.Header(), res, private)
	if res.Status == http.StatusForbidden {
		problem.Challenge(c, "insufficient_scope")
	}
	if length := lengthOf(c.Request.Method, res, n, err); length != "" {
		c.Header("Content-Length", length)
	}
	c.Status(res.Status)
	if err != nil { // io.EOF
		x.leave()
	}
	c.Writer.WriteHeaderNow()
	stream(c, res, buf, n, err)
}

// usable reports whether the answer is one for the client, or has answered in its place.
func usable(c *gin.Context, res *wire.Response) bool {
	switch {
	case res.Status == http.StatusNotModified && conditional(c.Request):
		return true
	case 300 <= res.Status && res.Status < 400:
		problem.Respond(c, http.StatusBadGateway, unusable, fmt.Errorf("service answered %d", res.Status))
	case res.Status == http.StatusUnauthorized:
		problem.Unauthorized(c, sentToken(c), errors.New("service refused the token"))
	case res.Status >= http.StatusInternalServerError:
		hideFault(c, res.Status)
	default:
		return true
	}
	return false
}

// begin reads the first n bytes of the answer into buf: all of it, which is io.EOF, or maxBuffered bytes.
func (x *exchange) begin(res *wire.Response) (buf []byte, n int, err error) {
	n, err = fillUp(x.brief[:], res)
	if err != nil {
		return x.brief[:], n, err
	}
	x.long = longBuffers.Get().(*longBuffer)
	n = copy(x.long[:], x.brief[:])
	more, err := fillUp(x.long[n:], res)
	return x.long[:], n + more, err
}

// fillUp reads until the buffer is full or the answer has ended, which is io.EOF.
func fillUp(buf []byte, res *wire.Response) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = res.Read(buf[n:])
		n += more
	}
	return n, err
}

// lengthOf is the answer's Content-Length, where it is known and may be told (RFC 9110 §8.6); that of a 204 net/http leaves out.
func lengthOf(method string, res *wire.Response, read int, end error) string {
	switch {
	case method == http.MethodHead && res.Length >= 0:
		return strconv.FormatInt(res.Length, 10)
	case method == http.MethodHead, res.Status == http.StatusNotModified, end == nil:
		return ""
	default:
		return strconv.Itoa(read)
	}
}

// shown shows a service's problem to a person as a page of this site, and reports whether it did.
func shown(c *gin.Context, status int, body []byte) bool {
	var d problem.Document
	return json.Unmarshal(body, &d) == nil && d.Status == status && problem.Show(c, d)
}

// stream passes on the n bytes that are here and then the rest. An answer that breaks off in the middle cuts the client's connection, or
// the client would take it for whole.
func stream(c *gin.Context, res *wire.Response, buf []byte, n int, err error) {
	for {
		if n > 0 {
			if _, failed := c.Writer.Write(buf[:n]); failed != nil {
				err = failed
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			server.Cut(c, fmt.Errorf("relay answer: %w", err))
		}
		n, err = res.Read(buf)
	}
}

func copyHeader(to http.Header, res *wire.Response, private bool) {
	for _, name := range outward {
		if v := res.Values(name); v != nil {
			to[name] = v
		}
	}
	if v := res.Values("Location"); v != nil && res.Status == http.StatusCreated {
		to["Location"] = v
	}
	if private {
		to["Cache-Control"] = []string{"no-store"}
	}
	to["Content-Security-Policy"] = inert
}

// inert keeps an answer from being more than data when somebody opens it in a browser, whatever the service calls it: SVG can hold scripts,
// and a service that was taken over may send HTML.
var inert = []string{"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"}

// sentToken reports whether the client itself sent a token, and not a session's cookie (RFC 6750 §3.1).
func sentToken(c *gin.Context) bool { return c.GetHeader("Authorization") != "" }

func conditional(r *http.Request) bool {
	return r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != ""
}

const unusable = "The service behind this address gave no usable answer."

func hideFault(c *gin.Context, status int) {
	err := fmt.Errorf("service answered %d", status)
	if status == http.StatusServiceUnavailable {
		problem.Unavailable(c, "The service behind this address is not available.", err)
		return
	}
	problem.Respond(c, status, "The service behind this address has a problem.", err)
}

// fail answers an exchange that did not come to its end: not reached is a 503, not finished in time a 504, else a 502. A client
// that has gone gets nothing.
func fail(c *gin.Context, err error) {
	_, refused := errors.AsType[auth.Refusal](err)
	switch {
	case c.Request.Context().Err() != nil:
		server.Cut(c, errors.New("client went away"))
	case refused:
		problem.Unauthorized(c, sentToken(c), err)
	case errors.Is(err, ErrToken):
		problem.Unavailable(c, "The token that this address needs cannot be had at the moment.", err)
	case errors.Is(err, wire.ErrBody):
		failBody(c, err)
	case errors.Is(err, wire.ErrConnect):
		problem.Unavailable(c, "The service behind this address cannot be reached.", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		problem.Respond(c, http.StatusGatewayTimeout, "The service behind this address did not answer in time.", err)
	default:
		problem.Respond(c, http.StatusBadGateway, unusable, err)
	}
}

// failBody answers a client whose body did not come as it should.
func failBody(c *gin.Context, err error) {
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large:
		problem.Respond(c, http.StatusRequestEntityTooLarge, "The body is too large.", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		problem.Respond(c, http.StatusRequestTimeout, "The body came too slowly.", err)
	default:
		problem.Respond(c, http.StatusBadRequest, "The body did not arrive whole.", err)
	}
}
