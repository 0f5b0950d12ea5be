package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"storefront/e2e/internal/matrix"
)

// connectTo reads pairs of addresses, "http://localhost:3000=http://gateway:3000": requests for the first are sent to the second and keep
// the first in their Host and cookies, as with curl's --connect-to. A container needs that, whose localhost is not the machine's.
func connectTo(pairs string) (http.RoundTripper, error) {
	if pairs == "" {
		return nil, nil //nolint:nilnil // nil is the ordinary transport
	}
	instead := map[string]string{}
	for _, pair := range strings.Fields(pairs) {
		from, to, _ := strings.Cut(pair, "=")
		asked, err := hostPort(from)
		if err != nil {
			return nil, err
		}
		if instead[asked], err = hostPort(to); err != nil {
			return nil, err
		}
	}
	transport := matrix.Direct()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if other, ok := instead[addr]; ok {
			addr = other
		}
		return dial(ctx, network, addr)
	}
	return transport, nil
}

// hostPort is what is dialled for an address.
func hostPort(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not an http or https URL; pairs look like http://localhost:3000=http://gateway:3000", address)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
