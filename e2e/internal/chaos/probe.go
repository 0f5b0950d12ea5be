package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"time"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// Outcome is what became of a request: ok, a status, or how the connection ended.
type Outcome string

// The outcomes that are no status.
const (
	OK       Outcome = "ok"        // 200 with what was answered before the fault; a login that let the user in
	Wrong    Outcome = "other"     // 200 with something else
	Refused  Outcome = "refused"   // no connection
	Cut      Outcome = "cut"       // a connection that ended without a whole answer
	NoAnswer Outcome = "no answer" // within the patience of the client
)

// Honest reports whether an outcome tells the client the truth: that it is not its own fault, and may pass.
func (o Outcome) Honest() bool {
	switch o {
	case OK, Refused, Cut, NoAnswer, "502", "503", "504":
		return true
	default:
		return false
	}
}

func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, context.DeadlineExceeded):
		return NoAnswer
	default:
		return Cut
	}
}

func outcomeOfStatus(status int) Outcome { return Outcome(fmt.Sprint(status)) }

// Probe is one of the requests that are tried under every fault.
type Probe struct {
	Name, Does string
	ask        func(context.Context, *visitor) Outcome
}

// Probes are the requests, in the order of the table.
func Probes() []Probe {
	return []Probe{
		{"list", "`GET /products`, anonymous", page(stack.Gateway, "/products", nil)},
		{"product", "`GET /products/1`, anonymous", page(stack.Gateway, "/products/1", nil)},
		{"session", "`GET /branches/1/products` with an admin's session", page(stack.Gateway, "/branches/1/products", (*visitor).session)},
		{"Bearer", "`GET /branches/1/products` with an admin's access token", page(stack.Gateway, "/branches/1/products", (*visitor).bearer)},
		{"login", "a whole login: `/login`, the form, the callback", func(ctx context.Context, v *visitor) Outcome { return v.login(ctx) }},
		{"home", "`GET /`, anonymous", page(stack.Gateway, "/", nil)},
		{"readyz", "`GET /readyz` of the gateway", page(stack.Gateway, "/readyz", nil)},
		{"catalog's readyz", "`GET /readyz` of catalog, asked directly", page(stack.Catalog, "/readyz", nil)},
	}
}

// visitor asks the gateway over one way to it. What it was answered while all was well is what it expects from then on.
type visitor struct {
	urls      map[string]string // of the services
	transport *http.Transport
	person    browser.Person
	token     string
	cookies   string
	mu        sync.Mutex
	known     map[string][]byte // bodies by service and path
}

func (v *visitor) session(h http.Header) { h.Set("Cookie", v.cookies) }

func (v *visitor) bearer(h http.Header) { h.Set("Authorization", "Bearer "+v.token) }

func page(service, path string, as func(*visitor, http.Header)) func(context.Context, *visitor) Outcome {
	return func(ctx context.Context, v *visitor) Outcome {
		status, body, err := v.get(ctx, v.urls[service]+path, as)
		switch {
		case err != nil:
			return outcomeOf(err)
		case status != http.StatusOK:
			return outcomeOfStatus(status)
		case !v.recognizes(service+path, body):
			return Wrong
		}
		return OK
	}
}

func (v *visitor) get(ctx context.Context, target string, as func(*visitor, http.Header)) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	if as != nil {
		as(v, req.Header)
	}
	res, err := v.transport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, body, err
}

// recognizes compares a body with the first one from there. Pages for people change with every answer: they must only be ours.
func (v *visitor) recognizes(path string, body []byte) bool {
	if path == stack.Gateway+"/" {
		return bytes.Contains(body, []byte("</html>"))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if known, ok := v.known[path]; ok {
		return bytes.Equal(known, body)
	}
	v.known[path] = body
	return true
}

// login signs in with a browser of its own, step by step, so that the status is known with which it ended.
func (v *visitor) login(ctx context.Context) Outcome {
	b, gateway := browser.Over(v.transport), v.urls[stack.Gateway]
	begin, err := b.Get(ctx, gateway+"/login")
	if err != nil {
		return outcomeOf(err)
	}
	if begin.Status != http.StatusFound {
		return outcomeOfStatus(begin.Status)
	}
	callback, err := b.Approach(ctx, begin.Header.Get("Location"), gateway+"/oauth-redirect", v.person)
	if err != nil {
		return outcomeOf(err)
	}
	end, err := b.Get(ctx, callback)
	if err != nil {
		return outcomeOf(err)
	}
	if end.Status != http.StatusSeeOther {
		return outcomeOfStatus(end.Status)
	}
	return OK
}

// try makes all requests at once, each within the patience.
func (v *visitor) try(ctx context.Context, patience time.Duration) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	probes := Probes()
	outcomes := make([]Outcome, len(probes))
	var all sync.WaitGroup
	for i, p := range probes {
		all.Go(func() { outcomes[i] = p.ask(ctx, v) })
	}
	all.Wait()
	return outcomes
}
