package session_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"storefront/gateway/internal/session"
	"storefront/gateway/internal/session/sessiontest"
)

func TestOpenRedis_refuses(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"nothing":                       "",
		"an address without a scheme":   "localhost:6379",
		"another protocol":              "http://:pass-word@localhost:6379",
		"a socket":                      "unix://user:pass-word@/run/redis.sock",
		"no host":                       "redis://:pass-word@",
		"a database that is no number":  "redis://:pass-word@localhost/pass-word",
		"a port that is no number":      "redis://:pass-word@localhost:pass-word",
		"a password that is no URL":     "redis://:pass-word%@localhost",
		"verification switched off":     "rediss://:pass-word@localhost?skip_verify=true",
		"parameters that we set":        "redis://:pass-word@localhost?read_timeout=1h",
		"a password that cuts it short": "redis://:pass#word@localhost",
		"a fragment":                    "redis://localhost/1#pass-word",
	} {
		if _, err := session.OpenRedis(url, nil); err == nil {
			t.Errorf("OpenRedis takes %s", name)
		} else if strings.Contains(err.Error(), "pass") && strings.Contains(err.Error(), "-word") || !strings.Contains(err.Error(), "REDIS_URL") {
			t.Errorf("OpenRedis of %s = %v, want the setting and not the password", name, err)
		}
	}
}

// forwarder stands between a client and a server.
type forwarder struct {
	net.Listener
	server string
	lose   atomic.Bool // the next answer, and the connection with it
}

func forward(t *testing.T, l net.Listener, server string) *forwarder {
	t.Helper()
	f := &forwarder{Listener: l, server: server}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(conn)
		}
	}()
	return f
}

func (f *forwarder) serve(client net.Conn) {
	server, err := net.Dial("tcp", f.server)
	if err != nil {
		_ = client.Close()
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	defer func() { _ = client.Close() }()
	answer := make([]byte, 64<<10)
	for {
		n, err := server.Read(answer)
		if err != nil || f.lose.CompareAndSwap(true, false) {
			return
		}
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The client tries again when an answer is lost, though the server has done its work. It must not take itself for somebody else then.
func TestRedis_knowsItsOwnWorkAgain(t *testing.T) {
	t.Parallel()
	server := sessiontest.StartRedis(t)
	wire := forward(t, listen(t), server.Addr)
	g := newGateway(t, "redis://"+wire.Addr().String(), sessiontest.NewClock())
	for method, err := range calls(t, g) { // the scripts are then known to the server
		if err != nil && !errors.Is(err, session.ErrNone) {
			t.Fatalf("%s = %v", method, err)
		}
	}
	g.create(t, key(2), g.record())
	r := g.mustLoad(t, key(2))

	wire.lose.Store(true)
	if err := g.Replace(t.Context(), key(2), r); err != nil || g.mustLoad(t, key(2)).Version != r.Version+1 {
		t.Errorf("Replace = %v, version %d, want one replacement", err, g.mustLoad(t, key(2)).Version)
	}
	wire.lose.Store(true)
	if first, err := g.Spend(t.Context(), "lost", time.Minute); err != nil || !first {
		t.Errorf("Spend = %v, %v, want the first time", first, err)
	}
	wire.lose.Store(true)
	if _, ok, err := g.Claim(t.Context(), "lost", time.Minute); err != nil || !ok {
		t.Errorf("Claim = %v, %v, want it", ok, err)
	}
	if wire.lose.Load() {
		t.Error("no answer was lost")
	}
}

// A server that takes connections and never answers holds a request no longer than the request lives.
func TestRedis_silentServer(t *testing.T) {
	t.Parallel()
	l := listen(t)
	defer func() { _ = l.Close() }() // nobody accepts: the system does
	g := newGateway(t, "redis://"+l.Addr().String(), sessiontest.NewClock())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := g.Load(ctx, key(1)); !errors.Is(err, session.ErrAway) {
		t.Errorf("Load = %v, want ErrAway", err)
	}
	if g.client.Options().ReadTimeout > time.Second || !g.client.Options().ContextTimeoutEnabled {
		t.Error("the client waits longer than a second, or than the request")
	}
}

func TestOpenRedis_speaksTLS(t *testing.T) {
	t.Parallel()
	server := sessiontest.StartRedis(t)
	certified := httptest.NewTLSServer(nil) // for its certificate, which names 127.0.0.1
	defer certified.Close()
	wire := forward(t, tls.NewListener(listen(t), &tls.Config{Certificates: certified.TLS.Certificates}), server.Addr)
	url := "rediss://" + wire.Addr().String()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	client, err := session.OpenRedis(url, &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("Ping = %v", err)
	}
	if _, err := newGateway(t, url, sessiontest.NewClock()).Load(t.Context(), key(1)); !errors.Is(err, session.ErrAway) {
		t.Errorf("Load from a server whose certificate nobody vouches for = %v, want ErrAway", err)
	}
}
