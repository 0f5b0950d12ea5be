package openload_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"storefront/e2e/internal/openload"
	"storefront/e2e/internal/stack"
	"storefront/shared/auth"
)

// keys are a signer as the gateway has it, and the verifier of a catalog.
func keys(t testing.TB) (*auth.Signer, *auth.Verifier) {
	t.Helper()
	key, err := auth.HMACSigningKey("gateway", []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := auth.NewSigner(auth.SignerConfig{Key: key.Always, Issuer: "shop:3000"})
	if err != nil {
		t.Fatal(err)
	}
	set := auth.StaticKeys(key.Key)
	verifier, err := auth.NewVerifier(auth.Config{
		Users:   auth.UserIssuer{Issuer: "users", Audience: "shop", ApplicationID: "shop", Keys: set},
		Gateway: auth.Issuer{Issuer: "shop:3000", Audience: "catalog", Keys: set},
	})
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

// pages is a catalog of three pages of two products, for those whose token is for the very request.
func pages(v *auth.Verifier) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, err := auth.BearerToken(r)
		if err == nil {
			_, err = v.Verify(r.Context(), token, auth.Target{Method: r.Method, URI: r.RequestURI})
		}
		next := map[string]string{"": "a+b", "a+b": "c&d", "c&d": ""}[r.URL.Query().Get("cursor")]
		switch {
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
		case next == "":
			_, _ = io.WriteString(w, `{"products":[{"id":5},{"id":6}]}`)
		default:
			_, _ = fmt.Fprintf(w, `{"products":[{"id":1},{"id":2}],"next":%q}`, next)
		}
	}
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func newCatalog(t testing.TB, url string, signer *auth.Signer, connections int) *openload.Catalog {
	t.Helper()
	c := openload.NewCatalog(url, signer, connections)
	t.Cleanup(c.Close)
	return c
}

func TestCatalog_walk(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t)
	c := newCatalog(t, serve(t, pages(verifier)), signer, 4)
	targets, products, err := c.Walk(t.Context(), "/products?limit=2")
	if err != nil || products != 6 || len(targets) != 3 || targets[0] != "/products?limit=2" || targets[2] != "/products?limit=2&cursor=c%26d" {
		t.Fatalf("%q, %d products, %v", targets, products, err)
	}
	ask := c.Load(targets)
	for n := range 7 {
		if err := ask(t.Context(), n); err != nil {
			t.Errorf("request %d: %v", n, err)
		}
	}
}

// An answer that is none of a shop's is a failure, and not a fast one.
func TestCatalog_refusals(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t)
	catalog := serve(t, pages(verifier))
	busy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	for want, c := range map[string]*openload.Catalog{
		"answered 401": newCatalog(t, catalog, nil, 1), "answered 503": newCatalog(t, busy, signer, 1), "connection refused": newCatalog(t, "http://127.0.0.1:1", signer, 1),
	} {
		if err := c.Load([]string{"/products"})(t.Context(), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if _, _, err := c.Walk(t.Context(), "/products"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("walk: %v, want %s", err, want)
		}
	}
}

// A server that answers nobody before forty have come is no riddle for who asks by the clock, and the first of them is charged for all
// that time.
func TestRun_doesNotWaitForAnswers(t *testing.T) {
	t.Parallel()
	var come atomic.Int64
	all := make(chan struct{})
	url := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if come.Add(1) == 40 {
			close(all)
		}
		<-all
	}))
	c := newCatalog(t, url, nil, 256)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // who waits for answers would never end
	defer cancel()
	r, err := openload.Run(ctx, openload.Plan{Rate: 500, Length: 200 * time.Millisecond, Connections: 256}, c.Load([]string{"/products"}))
	if err != nil || r.Failed != 0 || r.Answered != 100 || r.Max < 39*2*time.Millisecond || r.P99 < 37*2*time.Millisecond {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	root, err := stack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data", "catalog.db")
	migrations := filepath.Join(root, "catalog", "internal", "product", "migrations")
	if err := openload.Fill(t.Context(), path, migrations, 200); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for query, want := range map[string]int{
		"SELECT count(*) FROM products WHERE active":                                          200,
		"SELECT max(id) FROM products":                                                        200,
		"SELECT count(DISTINCT category) FROM products":                                       10,
		"SELECT count(DISTINCT price) FROM products":                                          200,
		"SELECT count(*) FROM products WHERE name LIKE 'Oak kettle%'":                         1,
		`SELECT count(*) FROM products_search WHERE products_search MATCH '"oak"* "kettle"*'`: 1,
	} {
		var got int
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %d, %v, want %d", query, got, err, want)
		}
	}
	if err := openload.Fill(t.Context(), path, migrations, 1); err == nil {
		t.Error("a shop is filled twice")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	bound := openload.Bound{P99: 20 * time.Millisecond, Share: 0.99}
	plan := openload.Plan{Rate: 500, Length: 30 * time.Second, Connections: 256}
	report := openload.Report{Products: 100_000, Bound: bound, Busy: "0.31", Time: time.Unix(0, 0), Rows: []openload.Row{
		{Name: "fast", Plan: plan, Result: openload.Result{Offered: 500, Achieved: 499.9, Answered: 15_000, P50: time.Millisecond, P99: 5 * time.Millisecond, Max: 21 * time.Millisecond}},
		{Name: "slow", Plan: plan, Result: openload.Result{Offered: 500, Achieved: 500, Answered: 15_000, P99: 21 * time.Millisecond}},
	}}
	text := report.Markdown()
	for _, want := range []string{
		"1970-01-01", "cores", "load average 0.31", "100000 products", "of 256 free", "under 20ms at p99", "99 %",
		"| fast | 30s | 500.0 | 499.9 | 0 | 1.00 ms | 5.00 ms | 21.00 ms | kept |", "| slow | 30s | 500.0 | 500.0 | 0 | 0.00 ms | 21.00 ms | 0.00 ms | **missed** |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report lacks %q:\n%s", want, text)
		}
	}
	if err := report.Judge(); err == nil || err.Error() != "slow: p99 is 21ms, and must be under 20ms" {
		t.Errorf("Judge = %v", err)
	}
	if report.Rows = report.Rows[:1]; report.Judge() != nil {
		t.Errorf("Judge = %v", report.Judge())
	}
	if busy := openload.Busy(); busy == "" || strings.ContainsAny(busy, " \n") {
		t.Errorf("Busy = %q", busy)
	}
}
