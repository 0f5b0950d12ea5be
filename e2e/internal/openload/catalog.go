package openload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"storefront/shared/auth"
)

// Catalog is the service under load, asked as the gateway asks it: each request brings a token that was signed for it alone.
type Catalog struct {
	url    string
	signer *auth.Signer // nil sends no tokens: the gateway is asked
	client *http.Client
}

// patience bounds a request; one that takes longer has failed.
const patience = 10 * time.Second

// NewCatalog returns the client of a catalog, or of a gateway before it where signer is nil. It keeps that many connections. Close it.
func NewCatalog(url string, signer *auth.Signer, connections int) *Catalog {
	return &Catalog{url, signer, &http.Client{Timeout: patience, Transport: &http.Transport{
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true,
	}}}
}

// Close lets go of the connections.
func (c *Catalog) Close() { c.client.CloseIdleConnections() }

// Load gives what Run asks: the targets, in turns.
func (c *Catalog) Load(targets []string) func(ctx context.Context, n int) error {
	return func(ctx context.Context, n int) error { return c.get(ctx, targets[n%len(targets)], discard) }
}

// Walk goes through all pages of a list, by their cursors, and returns the targets of the pages and how many products are on them.
func (c *Catalog) Walk(ctx context.Context, first string) (targets []string, products int, err error) {
	for target := first; target != ""; {
		var page struct {
			Products []struct{ ID int64 }
			Next     string
		}
		err := c.get(ctx, target, func(r io.Reader) error { return json.NewDecoder(r).Decode(&page) })
		if err != nil {
			return nil, 0, fmt.Errorf("GET %s: %w", target, err)
		}
		targets, products, target = append(targets, target), products+len(page.Products), ""
		if page.Next != "" {
			target = first + "&cursor=" + url.QueryEscape(page.Next)
		}
	}
	return targets, products, nil
}

func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (c *Catalog) get(ctx context.Context, target string, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+target, http.NoBody)
	if err != nil {
		return err
	}
	if c.signer != nil {
		token, err := c.signer.Sign("catalog", auth.Target{Method: req.Method, URI: req.URL.RequestURI()})
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	err = read(res.Body)
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", res.Status)
	}
	return errors.Join(err, discard(res.Body), res.Body.Close())
}
