// Package contract compares what passes between clients and services with the OpenAPI documents that the services give of themselves. It
// stands where the requests are sent, so that whatever asks, a browser or the role matrix, is compared without knowing it:
//
//	watch := &contract.Watch{Next: http.DefaultTransport}
//	err := watch.Read(ctx, "http://localhost:3000", "")
//	client := http.Client{Transport: watch}
//	…
//	for _, fault := range watch.Faults() { … }
package contract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"storefront/shared/openapi"
	"storefront/shared/openapi/openapitest"
)

// Watch is an http.RoundTripper. It is safe for concurrent use.
type Watch struct {
	Next http.RoundTripper // required

	mu        sync.Mutex
	contracts map[string]*openapitest.Contract // by host
	faults    map[string]bool
	compared  int
}

// Read fetches the document of the service at a base URL, with a token where that is not "", and holds the service to it from now on.
func (w *Watch) Read(ctx context.Context, base, token string) (*openapitest.Contract, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+openapi.Path, http.NoBody)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := w.Next.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("fetch document: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch document of %s: %d, %w", base, res.StatusCode, err)
	}
	contract, err := openapitest.Read(text)
	if err != nil {
		return nil, fmt.Errorf("document of %s: %w", base, err)
	}
	return contract, w.hold(base, contract)
}

func (w *Watch) hold(base string, contract *openapitest.Contract) error {
	u, err := url.Parse(base)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.contracts == nil {
		w.contracts, w.faults = map[string]*openapitest.Contract{}, map[string]bool{}
	}
	w.contracts[u.Host] = contract
	return nil
}

// RoundTrip implements http.RoundTripper. What is wrong with an exchange is noted, and changes nothing about it.
func (w *Watch) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	contract := w.contracts[req.URL.Host]
	w.mu.Unlock()
	if contract == nil {
		return w.Next.RoundTrip(req)
	}
	asked, sent := req.Clone(req.Context()), []byte(nil)
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := w.Next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	w.note(asked, contract.Check(openapitest.Exchange{Request: asked, Sent: sent, Status: res.StatusCode, Header: res.Header, Body: body}))
	return res, nil
}

func (w *Watch) note(req *http.Request, faults []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.compared++
	for _, fault := range faults {
		w.faults[fmt.Sprintf("%s %s%s: %s", req.Method, req.URL.Host, req.URL.RequestURI(), fault)] = true
	}
}

// Faults lists what was wrong, each once.
func (w *Watch) Faults() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.faults))
}

// Compared is how many exchanges were.
func (w *Watch) Compared() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.compared
}
