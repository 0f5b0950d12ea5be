package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// recorder stands in for catalog and inventory behind a gateway, and keeps what the gateway sends.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []recorded
}

type recorded struct {
	method, target string
	header         http.Header
	body           int64
}

// newRecorder answers as answer does; nil is an empty list.
func newRecorder(t testing.TB, answer http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n, _ := io.Copy(io.Discard, req.Body)
		r.mu.Lock()
		r.seen = append(r.seen, recorded{req.Method, req.RequestURI, req.Header.Clone(), n})
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"products":[]}`)
	}))
	t.Cleanup(r.Close)
	return r
}

// take gives what has come since the last time.
func (r *recorder) take() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// behind starts a stack whose gateway talks to the recorder in place of both services.
func behind(t testing.TB, r *recorder, settings map[string]string) (*stack.Stack, matrix.Target) {
	t.Helper()
	gateway := map[string]string{"CATALOG_URL": r.URL, "INVENTORY_URL": r.URL}
	for name, value := range settings {
		gateway[name] = value
	}
	return ownStack(t, use(t).bin(), map[string]map[string]string{stack.Gateway: gateway})
}
