package upstream

import (
	"bufio"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream/wire"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// inward are the client's headers that a service sees. Everything else it sees is the gateway's own.
var inward = []string{
	"Accept", "Accept-Language", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since",
}

// exchange is what one forwarded request needs, kept for the next.
type exchange struct {
	service *Service // whose place it holds; nil when it holds none
	res     *wire.Response
	req     wire.Request
	brief   [8 << 10]byte // where the answer passes through
	long    *longBuffer   // where one does that is not brief; else nil
}

type longBuffer [maxBuffered]byte

var (
	exchanges   = sync.Pool{New: func() any { return new(exchange) }}
	longBuffers = sync.Pool{New: func() any { return new(longBuffer) }}
)

// leave gives the connection and the place at the service to others.
func (x *exchange) leave() {
	if x.res != nil {
		x.res.Close()
		x.res = nil
	}
	if x.service != nil {
		x.service.leave()
		x.service = nil
	}
}

func (x *exchange) release() {
	x.leave()
	if x.long != nil {
		longBuffers.Put(x.long)
		x.long = nil
	}
	exchanges.Put(x)
}

// Forward answers requests with the service's answer. Private ones, whose answer depends on who asks, are kept out of every cache.
func (s *Service) Forward(source TokenSource, private bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		body := bodyOf(c.Request)
		if !s.enter() {
			problem.Unavailable(c, "The service behind this address has too much to do.", errBusy)
			return
		}
		x := exchanges.Get().(*exchange)
		x.service = s
		defer x.release()
		call := call{
			Service: s, c: c, id: server.RequestID(c), source: source, req: &x.req, deadline: time.Now().Add(s.timeout), once: body != nil,
			target: s.target(c.Request.Method, c.Request.RequestURI),
			fill:   func(out *wire.Request) { fill(out, c.Request, body) },
		}
		res, err := call.ask(c.Request.Context())
		if err != nil {
			fail(c, err)
			return
		}
		x.res = res
		x.relay(c, private)
	}
}

// bodyOf gives the request's body, nil when it has none that is passed on: one of a GET has no meaning (RFC 9110 §9.3.1) and stays here.
// The first of it is awaited, so that a service is not kept busy by a client that is slow.
func bodyOf(r *http.Request) *bufio.Reader {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.ContentLength == 0 {
		return nil
	}
	body := bufio.NewReaderSize(r.Body, awaited)
	_, _ = body.Peek(awaited) // an error comes again when the body is read
	return body
}

// awaited is how much of a request's body is here before the service hears of it.
const awaited = 32 << 10

// fill gives the inward request what the client's may bring along.
func fill(out *wire.Request, in *http.Request, body *bufio.Reader) {
	for _, name := range inward {
		for _, value := range in.Header[name] {
			out.Field(name, value)
		}
	}
	if body != nil {
		out.Body(body, in.ContentLength)
	}
}
