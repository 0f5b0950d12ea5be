package arena

import (
	"bytes"
	"io"
	"net/http"
	"sync"

	"storefront/e2e/internal/attack"
	"storefront/e2e/internal/matrix"
)

// tap stands before the services: it keeps what it hears, and passes it on byte for byte, or answers in their place.
type tap struct {
	catalog   string // the address at which the gateway reaches it
	inventory string
	transport *http.Transport
	mu        sync.Mutex
	heard     []attack.Heard
	answer    http.HandlerFunc
}

func newTap() *tap {
	transport := matrix.Direct()
	transport.DisableCompression = true
	return &tap{transport: transport}
}

// Addresses are where the gateway reaches catalog and inventory.
func (t *tap) Addresses() (catalog, inventory string) { return t.catalog, t.inventory }

// Take implements attack.Tap.
func (t *tap) Take() []attack.Heard {
	t.mu.Lock()
	defer t.mu.Unlock()
	heard := t.heard
	t.heard = nil
	return heard
}

// Answer implements attack.Tap.
func (t *tap) Answer(answer http.HandlerFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answer = answer
}

// before is the tap in front of one service.
func (t *tap) before(service, base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		t.mu.Lock()
		t.heard = append(t.heard, attack.Heard{Service: service, Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Trailer: r.Trailer, Host: r.Host})
		answer := t.answer
		t.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		t.pass(w, r, base, body)
	})
}

func (t *tap) pass(w http.ResponseWriter, r *http.Request, base string, body []byte) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, base, bytes.NewReader(body))
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	out.URL.Opaque, out.Header, out.Host = r.RequestURI, r.Header, r.Host
	res, err := t.transport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = res.Body.Close() }()
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}
