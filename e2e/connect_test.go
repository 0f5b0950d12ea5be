package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	e2e "storefront/e2e"
)

func TestConnectTo_sendsOneAddressToAnother(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.Host) }))
	t.Cleanup(server.Close)
	tests := []struct{ name, pairs, ask, host string }{
		{"with a port", "http://shop.test:3000=" + server.URL, "http://shop.test:3000/x", "shop.test:3000"},
		{"with the port of its scheme", "http://shop.test=" + server.URL, "http://shop.test/x", "shop.test"},
		{"one of several", "http://a.test=http://127.0.0.1:1 http://b.test=" + server.URL, "http://b.test/", "b.test"},
		{"another address stays", "http://shop.test=http://127.0.0.1:1", server.URL, strings.TrimPrefix(server.URL, "http://")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			transport, err := e2e.ConnectTo(tt.pairs)
			if err != nil {
				t.Fatal(err)
			}
			res, err := (&http.Client{Transport: transport}).Get(tt.ask)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if host, _ := io.ReadAll(res.Body); string(host) != tt.host {
				t.Errorf("the Host that arrived is %q, want %q", host, tt.host)
			}
		})
	}
}
