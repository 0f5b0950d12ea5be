package upstream_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// forwarders are the ways to forward that docs/decisions/forwarder.md compares. All mint a token for each request.
var forwarders = []struct {
	name string
	make func(t testing.TB, service *url.URL, source upstream.TokenSource) gin.HandlerFunc
}{
	{"ReverseProxy", reverseProxy},
	{"Transport", onTransport},
	{"wire", onWire},
}

// onWire is what the gateway does.
func onWire(t testing.TB, service *url.URL, source upstream.TokenSource) gin.HandlerFunc {
	s, err := upstream.New(upstream.Config{URL: service, Timeout: 10 * time.Second, Concurrency: 512, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Forward(source, false)
}

// tuned is net/http's Transport with what it needs under load.
func tuned() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10}
}

type buffers struct{ sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { return new([32 << 10]byte) }}}
}

func (b *buffers) Get() []byte  { return b.Pool.Get().(*[32 << 10]byte)[:] }
func (b *buffers) Put(p []byte) { b.Pool.Put((*[32 << 10]byte)(p)) }

// reverseProxy is net/http's own, with a pool of buffers and headers by allow-list.
func reverseProxy(_ testing.TB, service *url.URL, source upstream.TokenSource) gin.HandlerFunc {
	type tokenKey struct{}
	proxy := &httputil.ReverseProxy{
		Transport:  tuned(),
		BufferPool: newBuffers(),
		Rewrite: func(r *httputil.ProxyRequest) {
			in := r.In.Header
			r.Out.Header = http.Header{"Authorization": {"Bearer " + r.In.Context().Value(tokenKey{}).(string)}, "User-Agent": {"storefront-gateway"}}
			for _, name := range []string{"Accept", "Accept-Language", "Content-Type", "If-None-Match"} {
				if v, ok := in[name]; ok {
					r.Out.Header[name] = v
				}
			}
			r.Out.Trailer = nil
			r.SetURL(service)
		},
		ModifyResponse: func(res *http.Response) error {
			kept := http.Header{}
			relayed(kept, res.Header)
			kept["Content-Length"] = res.Header["Content-Length"]
			res.Header = kept
			return nil
		},
	}
	return func(c *gin.Context) {
		token, err := source(c, auth.Target{Method: c.Request.Method, URI: c.Request.RequestURI}, false)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(c.Request.Context(), tokenKey{}, token), 10*time.Second)
		defer cancel()
		proxy.ServeHTTP(c.Writer, c.Request.WithContext(ctx))
	}
}

// onTransport is a lean handler on net/http's Transport.
func onTransport(_ testing.TB, service *url.URL, source upstream.TokenSource) gin.HandlerFunc {
	transport, pool := tuned(), newBuffers()
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), 10*time.Second)
		defer cancel()
		token, err := source(c, auth.Target{Method: c.Request.Method, URI: c.Request.RequestURI}, false)
		if err != nil {
			return
		}
		out, err := http.NewRequestWithContext(ctx, c.Request.Method, service.String(), http.NoBody)
		if err != nil {
			return
		}
		out.URL.Opaque = c.Request.RequestURI
		out.Header = http.Header{"Authorization": {"Bearer " + token}, "User-Agent": {"storefront-gateway"}, problem.RequestIDHeader: {server.RequestID(c)}}
		for _, name := range []string{"Accept", "Accept-Language", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since"} {
			if v, ok := c.Request.Header[name]; ok {
				out.Header[name] = v
			}
		}
		res, err := transport.RoundTrip(out)
		if err != nil {
			c.Status(http.StatusBadGateway)
			return
		}
		defer func() { _ = res.Body.Close() }()
		relayed(c.Writer.Header(), res.Header)
		c.Writer.Header()["Content-Length"] = res.Header["Content-Length"]
		c.Status(res.StatusCode)
		buf := pool.Get()
		defer pool.Put(buf)
		_, _ = io.CopyBuffer(struct{ io.Writer }{c.Writer}, res.Body, buf)
	}
}

func relayed(to, from http.Header) {
	for _, name := range []string{"Allow", "Cache-Control", "Content-Language", "Content-Type", "Etag", "Last-Modified", "Retry-After", "Vary"} {
		if v, ok := from[name]; ok {
			to[name] = v
		}
	}
}
