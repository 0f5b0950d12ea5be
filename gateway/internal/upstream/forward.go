package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// inward are the client's headers that a service sees. Everything else it sees is the gateway's own.
var inward = []string{
	"Accept", "Accept-Language", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since",
}

// outward are the service's headers that the client sees. Location belongs to a 201 alone; challenges are the gateway's own.
var outward = []string{
	"Allow", "Cache-Control", "Content-Language", "Content-Type", "Etag", "Last-Modified", "Retry-After", "Vary",
}

// Forward answers requests with the service's answer. Private ones, whose answer depends on who asks, are kept out of every cache.
func (s *Service) Forward(source TokenSource, private bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), s.timeout)
		defer cancel()
		res, err := s.ask(ctx, c, source)
		if err != nil {
			fail(ctx, c, err)
			return
		}
		defer func() { _ = res.Body.Close() }()
		relay(ctx, c, res, private)
	}
}

// ErrToken says that the caller's token could not be had; the cause decides the answer.
var ErrToken = errors.New("no token for the service")

// ask sends the request on, and once more with a renewed token if the service refuses the first. A request with a body is sent
// once: its bytes are gone.
func (s *Service) ask(ctx context.Context, c *gin.Context, source TokenSource) (*http.Response, error) {
	token, err := s.token(c, source, false)
	if err != nil {
		return nil, err
	}
	res, err := s.send(ctx, c, token)
	if err != nil || res.StatusCode != http.StatusUnauthorized || hasBody(c.Request) {
		return res, err
	}
	renewed, err := s.token(c, source, true)
	if err == nil && renewed == token {
		return res, nil
	}
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	return s.send(ctx, c, renewed)
}

func (s *Service) token(c *gin.Context, source TokenSource, renew bool) (string, error) {
	token, err := source(c, s.target(c.Request.Method, c.Request.RequestURI), renew)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	return token, nil
}

func (s *Service) send(ctx context.Context, c *gin.Context, token string) (*http.Response, error) {
	in := c.Request
	target := s.target(in.Method, in.RequestURI)
	out, err := s.request(ctx, target, token, server.RequestID(c))
	if err != nil {
		return nil, err
	}
	for _, name := range inward {
		if v, ok := in.Header[name]; ok {
			out.Header[name] = v
		}
	}
	if hasBody(in) {
		out.Body, out.ContentLength = in.Body, in.ContentLength
	}
	return s.transport.RoundTrip(out)
}

// sentToken reports whether the client itself sent a token, and not a session's cookie (RFC 6750 §3.1).
func sentToken(c *gin.Context) bool { return c.GetHeader("Authorization") != "" }

// hasBody reports whether the request has a body that is passed on. One of a GET has no meaning (RFC 9110 §9.3.1) and stays here.
func hasBody(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.ContentLength != 0
}

// request makes the inward request. The target is written byte for byte as it was matched: as URL.Opaque, net/url does not spell
// it anew. It begins with one slash alone, since the gate lets nothing else in.
func (s *Service) request(ctx context.Context, target auth.Target, token, requestID string) (*http.Request, error) {
	out, err := http.NewRequestWithContext(ctx, target.Method, s.base.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	out.URL.Opaque = target.URI
	out.Header = http.Header{
		"Authorization":         {"Bearer " + token},
		"User-Agent":            {"storefront-gateway"},
		problem.RequestIDHeader: {requestID},
	}
	return out, nil
}

// maxBuffered is how much of an answer is read before its status is sent, so that an answer that breaks off can still become
// a 502 or 504. Longer ones are streamed and cut.
const maxBuffered = 64 << 10

func relay(ctx context.Context, c *gin.Context, res *http.Response, private bool) {
	switch {
	case res.StatusCode == http.StatusNotModified && conditional(c.Request):
	case res.StatusCode < http.StatusOK, 300 <= res.StatusCode && res.StatusCode < 400, res.StatusCode > 599:
		problem.Respond(c, http.StatusBadGateway, unusable, fmt.Errorf("service answered %d", res.StatusCode))
		return
	case res.StatusCode == http.StatusUnauthorized:
		problem.Unauthorized(c, sentToken(c), errors.New("service refused the token"))
		return
	case res.StatusCode >= http.StatusInternalServerError:
		hideFault(c, res.StatusCode)
		return
	}
	start, err := io.ReadAll(io.LimitReader(res.Body, maxBuffered))
	if err != nil {
		fail(ctx, c, err)
		return
	}
	if res.StatusCode >= http.StatusBadRequest && shown(c, start) {
		return
	}
	copyHeader(c.Writer.Header(), res, private)
	if res.StatusCode == http.StatusForbidden {
		problem.Challenge(c, "insufficient_scope")
	}
	if len(start) < maxBuffered && c.Request.Method != http.MethodHead && res.StatusCode != http.StatusNotModified {
		c.Header("Content-Length", fmt.Sprint(len(start)))
	}
	c.Status(res.StatusCode)
	stream(c, io.MultiReader(bytes.NewReader(start), res.Body))
}

// shown shows a service's problem to a person as a page of this site, and reports whether it did.
func shown(c *gin.Context, body []byte) bool {
	var d problem.Document
	return json.Unmarshal(body, &d) == nil && d.Status != 0 && problem.Show(c, d)
}

// stream copies the answer. One that breaks off in the middle cuts the client's connection, or the client would take it for whole.
func stream(c *gin.Context, body io.Reader) {
	c.Writer.WriteHeaderNow()
	if _, err := io.Copy(c.Writer, body); err != nil {
		server.Cut(c, fmt.Errorf("relay answer: %w", err))
	}
}

func copyHeader(to http.Header, res *http.Response, private bool) {
	for _, name := range outward {
		if v, ok := res.Header[name]; ok {
			to[name] = v
		}
	}
	if v, ok := res.Header["Location"]; ok && res.StatusCode == http.StatusCreated {
		to["Location"] = v
	}
	if res.ContentLength >= 0 && res.Request.Method == http.MethodHead {
		to["Content-Length"] = res.Header["Content-Length"]
	}
	if private {
		to["Cache-Control"] = []string{"no-store"}
	}
}

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

// fail answers an exchange that did not come to its end: not finished in time is a 504, not reached a 503, else a 502. A client
// that has gone gets nothing.
func fail(ctx context.Context, c *gin.Context, err error) {
	op, dialed := errors.AsType[*net.OpError](err)
	_, refused := errors.AsType[auth.Refusal](err)
	switch {
	case c.Request.Context().Err() != nil:
		server.Cut(c, errors.New("client went away"))
	case refused:
		problem.Unauthorized(c, sentToken(c), err)
	case errors.Is(err, ErrToken):
		problem.Unavailable(c, "The token that this address needs cannot be had at the moment.", err)
	case ctx.Err() != nil:
		problem.Respond(c, http.StatusGatewayTimeout, "The service behind this address did not answer in time.", err)
	case dialed && op.Op == "dial":
		problem.Unavailable(c, "The service behind this address cannot be reached.", err)
	default:
		problem.Respond(c, http.StatusBadGateway, unusable, err)
	}
}
