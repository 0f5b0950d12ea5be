package authtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"storefront/shared/auth"
)

// JWKS returns the JWK Set (RFC 7517 §5) of the keys. A shared secret is left out, as FusionAuth does.
func JWKS(t testing.TB, keys ...auth.Key) string {
	t.Helper()
	set, err := auth.JWKS(keys...)
	if err != nil {
		t.Fatalf("JWKS: %v", err)
	}
	return string(set)
}

// Publisher publishes a key set over HTTP, and a discovery document that names [UserIssuer] and another host, as behind
// a proxy. A test changes its answers and counts who asks for the set.
type Publisher struct {
	Host   string // the URL of the host
	URL    string // of the key set
	mux    *http.ServeMux
	answer atomic.Pointer[http.HandlerFunc]
	hits   atomic.Int64
}

// Publish serves a set of these keys until the test ends.
func Publish(t testing.TB, keys ...auth.Key) *Publisher {
	t.Helper()
	p := &Publisher{mux: http.NewServeMux()}
	p.Set(t, keys...)
	p.Handle("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"issuer":"`+UserIssuer+`","jwks_uri":"https://id.shop.example/.well-known/jwks.json"}`)
	})
	p.Handle("GET /.well-known/jwks.json", func(w http.ResponseWriter, r *http.Request) {
		p.hits.Add(1)
		(*p.answer.Load())(w, r)
	})
	server := httptest.NewServer(p.mux)
	t.Cleanup(server.Close)
	p.Host, p.URL = server.URL, server.URL+"/.well-known/jwks.json"
	return p
}

// Handle lets the host answer something else as well.
func (p *Publisher) Handle(pattern string, answer http.HandlerFunc) {
	p.mux.HandleFunc(pattern, answer)
}

// Set changes the set that is published.
func (p *Publisher) Set(t testing.TB, keys ...auth.Key) {
	t.Helper()
	p.Say(JWKS(t, keys...))
}

// Say changes the text that is published.
func (p *Publisher) Say(text string) {
	p.Answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = io.WriteString(w, text)
	})
}

// Answer changes how requests for the set are answered.
func (p *Publisher) Answer(answer http.HandlerFunc) { p.answer.Store(&answer) }

// Hits returns how often the set was asked for.
func (p *Publisher) Hits() int64 { return p.hits.Load() }
