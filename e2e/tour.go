package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// runTour is `make tour`: the story of the article, told by a system of its own as it happens.
func runTour(ctx context.Context, env map[string]string, out terminal) (err error) {
	w, err := openWorkshop(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	w.cfg.Override = map[string]map[string]string{stack.Gateway: {"EXPLAIN_TOKENS": "true"}}
	if err := stack.OpenKeys(ctx, w.cfg.Bin, w.cfg.Keys, stack.DefaultKey); err != nil {
		return err
	}
	s, err := w.start(ctx, w.cfg)
	if err != nil {
		return err
	}
	t := &tour{ctx: ctx, out: out, gateway: s.URL(stack.Gateway), people: stack.People(w.cfg.Secrets)}
	t.walk()
	return t.err
}

// tour walks through the story; its first error ends it.
type tour struct {
	ctx     context.Context
	out     terminal
	gateway string
	people  map[string]browser.Person
	steps   int
	err     error
}

func (t *tour) walk() {
	t.step("Somebody looks at a product. Nobody has to be signed in for that.", "", "/products/1", http.StatusOK)
	t.step("The same somebody asks what lies in branch 1.", "", "/branches/1/products", http.StatusUnauthorized)
	customer := t.signIn("customer")
	t.step("A customer has signed in. The gateway knows who it is now, and it does not help.", customer, "/branches/1/products", http.StatusForbidden)
	admin := t.signIn("admin")
	t.step("An admin has signed in.", admin, "/branches/1/products", http.StatusOK)
	t.signOut(admin)
	t.step("The admin has signed out. The browser's old cookie is worth nothing any more.", admin, "/branches/1/products", http.StatusUnauthorized)
}

func (t *tour) signIn(name string) (cookies string) {
	if t.err != nil {
		return ""
	}
	b := browser.New()
	t.err = b.SignIn(t.ctx, t.gateway, t.people[name])
	return b.Cookies(t.gateway)
}

func (t *tour) signOut(cookies string) {
	t.send(http.MethodPost, "/logout", cookies, http.StatusSeeOther)
}

// step sends a request and tells what became of it, as the gateway explains it.
func (t *tour) step(story, cookies, path string, want int) {
	id := t.send(http.MethodGet, path, cookies, want)
	var told struct {
		Requests []struct {
			Caller, Outcome string
			Hops            []hop
		}
	}
	t.explain(id, &told)
	if t.err != nil {
		return
	}
	if len(told.Requests) != 1 {
		t.err = fmt.Errorf("the gateway explains %d requests by the id %s, want one", len(told.Requests), id)
		return
	}
	t.steps++
	r := told.Requests[0]
	t.say("\n%d. %s\n", t.steps, story)
	t.say("   GET %s → %d\n   It came from %s.\n   %s\n", path, want, r.Caller, r.Outcome)
	for _, h := range r.Hops {
		t.tell(h)
	}
}

// hop is one token on its way to a service.
type hop struct {
	Service, Request, Why, Key string
	Token                      struct{ Header, Claims json.RawMessage }
	Checks                     []string
}

func (t *tour) tell(h hop) {
	t.say("\n   gateway → %s: %s\n   %s\n\n", h.Service, h.Request, h.Why)
	for _, part := range []json.RawMessage{h.Token.Header, h.Token.Claims} {
		var text strings.Builder
		if pretty, err := json.MarshalIndent(part, "      ", "  "); err == nil {
			text.Write(pretty)
		}
		t.say("      %s\n", text.String())
	}
	t.say("      (the signature is not shown)\n\n   %s verifies it with %s, and checks: %s.\n", h.Service, h.Key, strings.Join(h.Checks, ", "))
}

func (t *tour) say(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// send sends a request that must have the status, and gives its id.
func (t *tour) send(method, path, cookies string, want int) (id string) {
	res := t.do(method, path, cookies)
	if res == nil {
		return ""
	}
	_ = res.Body.Close()
	if res.StatusCode != want {
		t.err = fmt.Errorf("%s %s answered %d, want %d", method, path, res.StatusCode, want)
	}
	return res.Header.Get("X-Request-Id")
}

func (t *tour) explain(id string, into any) {
	res := t.do(http.MethodGet, "/explain/"+id, "")
	if res == nil {
		return
	}
	defer func() { _ = res.Body.Close() }()
	t.err = json.NewDecoder(res.Body).Decode(into)
}

// do gives no answer after an error.
func (t *tour) do(method, path, cookies string) *http.Response {
	if t.err != nil {
		return nil
	}
	req, err := http.NewRequestWithContext(t.ctx, method, t.gateway+path, http.NoBody)
	if err != nil {
		t.err = err
		return nil
	}
	if cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	client := &http.Client{
		Transport: matrix.Direct(), Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		t.err = err
		return nil
	}
	return res
}
