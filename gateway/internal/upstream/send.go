package upstream

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream/wire"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// Message is a request that the gateway makes for itself, for a page that it shows.
type Message struct {
	Method string
	URI    string        // path and query
	Header http.Header   // beside what every request carries
	Body   any           // sent as JSON; nil is none
	Within time.Duration // how long the page waits
}

// Refused is the answer of a service that does not do what it was asked: a 4xx.
type Refused struct {
	problem.Document
	Fields []problem.Field `json:"errors"`
}

// Error names the status alone: the texts are for the reader of the page.
func (r *Refused) Error() string { return fmt.Sprintf("service answered %d %s", r.Status, r.Code) }

// maxSent bounds a document that the gateway reads for itself.
const maxSent = 1 << 20

// Send sends the message and reads the JSON of the answer into v, unless that is nil. What the service refuses, and a caller whose token
// is none any more, is a [*Refused]; any other error says that the service gave no usable answer in time, and may have done what it was
// asked or not.
func (s *Service) Send(c *gin.Context, source TokenSource, m Message, v any) error {
	err := s.deliver(c.Request.Context(), call{c: c, id: server.RequestID(c), source: source}, m, v)
	if _, refused := errors.AsType[auth.Refusal](err); refused {
		return &Refused{Document: problem.Document{Status: http.StatusUnauthorized, Code: "unauthorized"}}
	}
	if _, refused := errors.AsType[*Refused](err); refused || err == nil {
		return err
	}
	return fmt.Errorf("%s %s: %w", m.Method, m.URI, err)
}

// Fetch is Send on behalf of nobody, for what the gateway keeps for all; so its token is asked for without a request.
func (s *Service) Fetch(ctx context.Context, source func(context.Context, auth.Target, bool) (string, error), m Message, v any) error {
	forNobody := func(_ *gin.Context, target auth.Target, renew bool) (string, error) {
		return source(ctx, target, renew)
	}
	if err := s.deliver(ctx, call{id: rand.Text(), source: forNobody}, m, v); err != nil {
		return fmt.Errorf("%s %s: %w", m.Method, m.URI, err)
	}
	return nil
}

func (s *Service) deliver(ctx context.Context, a call, m Message, v any) error {
	if !s.enter() {
		return errBusy
	}
	defer s.leave()
	var body []byte
	if m.Body != nil {
		var err error
		if body, err = json.Marshal(m.Body); err != nil {
			return fmt.Errorf("write body: %w", err)
		}
	}
	a.Service, a.req, a.deadline = s, new(wire.Request), time.Now().Add(min(m.Within, s.timeout))
	a.target = s.target(m.Method, m.URI)
	a.fill = func(out *wire.Request) { m.fill(out, body) }
	res, err := a.ask(ctx)
	if err != nil {
		return err
	}
	defer res.Close()
	return read(res, v)
}

func (m Message) fill(out *wire.Request, body []byte) {
	for name, values := range m.Header {
		for _, value := range values {
			out.Field(name, value)
		}
	}
	if m.Body != nil {
		out.Field("Content-Type", "application/json")
		out.Body(bytes.NewReader(body), int64(len(body)))
	}
}

func read(res *wire.Response, v any) error {
	if done := 200 <= res.Status && res.Status < 300; done && (v == nil || res.Status == http.StatusNoContent) {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(res, maxSent))
	switch {
	case err != nil:
		return err
	case 200 <= res.Status && res.Status < 300:
		return json.Unmarshal(text, v)
	case 400 <= res.Status && res.Status < 500:
		refused := &Refused{}
		if json.Unmarshal(text, refused) != nil || refused.Status != res.Status {
			refused = &Refused{Document: problem.Document{Status: res.Status}}
		}
		return refused
	default:
		return fmt.Errorf("service answered %d", res.Status)
	}
}
