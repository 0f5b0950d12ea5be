package upstream_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
	"storefront/shared/server"
)

// serve runs a gateway over the service of cfg, whose URL is base.
func serve(t testing.TB, base string, cfg upstream.Config) string {
	t.Helper()
	g := httptest.NewServer(handler(t, base, cfg))
	t.Cleanup(g.Close)
	return g.URL
}

func handler(t testing.TB, base string, cfg upstream.Config) http.Handler {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	cfg.URL, cfg.Timeout = u, 20*time.Second
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r, err := server.New(server.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r.Any("/public/:id", s.Forward(token, false))
	return r
}

// counter is an address where nothing listens until it is opened, and that counts who tries.
type counter struct {
	net.Listener
	seen atomic.Int64
}

func (l *counter) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	l.seen.Add(1)
	return conn, err
}

// A service that cannot be reached is left alone: everybody is told at once, it is probed, and soon after it is back all is well.
func TestForward_circuit(t *testing.T) {
	t.Parallel()
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := reserved.Addr().String()
	_ = reserved.Close()
	var log transcript
	g := serve(t, "http://"+addr, upstream.Config{Concurrency: 100, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 40 {
		res, _, err := send(t, "GET", g+"/public/1", nil, nil)
		if err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Fatalf("while nobody listens: %v, %v, want 503 with Retry-After", res, err)
		}
	}
	if !strings.Contains(log.String(), "service cannot be reached") {
		t.Fatalf("log %q, want that the circuit has opened", log.String())
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skip("the port is taken meanwhile:", err)
	}
	counted := &counter{Listener: l}
	service := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Minute}
	go func() { _ = service.Serve(counted) }()
	defer func() { _ = service.Close() }()
	refused := 0
	for {
		res, _, err := send(t, "GET", g+"/public/1", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusOK {
			break
		}
		refused++
	}
	if counted.seen.Load() != 1 {
		t.Errorf("%d connections for %d refused requests and one that is served, want the probe alone", counted.seen.Load(), refused)
	}
	for range 30 {
		if res, _, err := send(t, "GET", g+"/public/1", nil, nil); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("after the probe: %v, %v", res, err)
		}
	}
	if !strings.Contains(log.String(), "can be reached again") {
		t.Errorf("log %q, want that the circuit has closed", log.String())
	}
}

// transcript is a log that can be read while it is written.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Bad answers and hang-ups come from a service that is there: the circuit stays closed.
func TestForward_circuitIgnoresAnswers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	base := misbehave(t, func(c net.Conn) {
		if asked.Add(1)%2 == 0 {
			_, _ = io.WriteString(c, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
		}
	})
	g := serve(t, base, upstream.Config{Concurrency: 100})
	for range 60 {
		if res, _, err := send(t, "GET", g+"/public/1", nil, nil); err != nil || res.StatusCode == http.StatusServiceUnavailable {
			t.Fatalf("= %v, %v", res, err)
		}
	}
	if asked.Load() < 60 {
		t.Errorf("asked %d times for 60 requests", asked.Load())
	}
}

// One request too many is refused at once, and costs the others nothing.
func TestForward_concurrency(t *testing.T) {
	t.Parallel()
	const limit = 3
	entered, release := make(chan struct{}), make(chan struct{})
	base, _ := record(t, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-release })
	g := serve(t, base, upstream.Config{Concurrency: limit})
	var all sync.WaitGroup
	for range limit {
		all.Go(func() {
			if res, _, err := send(t, "GET", g+"/public/1", nil, nil); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("one of those let in: %v, %v", res, err)
			}
		})
	}
	for range limit {
		<-entered
	}
	for range 10 {
		res, _, err := send(t, "GET", g+"/public/1", nil, nil)
		if err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("one too many: %v, %v, want 503 with Retry-After", res, err)
		}
	}
	close(release)
	all.Wait()
	go func() { <-entered }()
	if res, _, err := send(t, "GET", g+"/public/1", nil, nil); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v, %v", res, err)
	}
}

// A service behind https is asked only if its certificate is one of the CA's, for its name.
func TestForward_tls(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+string(body))
	}))
	var conns atomic.Int64
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	g := serve(t, s.URL, upstream.Config{Concurrency: 9, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	for range 5 {
		res, body, err := send(t, "POST", g+"/public/1", strings.NewReader("payload"), nil)
		if err != nil || res.StatusCode != http.StatusOK || body != "HTTP/1.1 payload" {
			t.Errorf("= %v %q, %v", res, body, err)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("%d handshakes for 5 requests", conns.Load())
	}
	for name, cfg := range map[string]*tls.Config{"another CA": nil, "another name": {RootCAs: roots, MinVersion: tls.VersionTLS12}} {
		base := s.URL
		if name == "another name" {
			base = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
		}
		res, _, err := send(t, "GET", serve(t, base, upstream.Config{Concurrency: 9, TLS: cfg})+"/public/1", nil, nil)
		if err != nil || res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %v, %v, want 503", name, res, err)
		}
	}
}

// What the client does wrong while it sends is told to the client, and is no fault of the service.
func TestForward_clientBodies(t *testing.T) {
	t.Parallel()
	base, _ := record(t, func(http.ResponseWriter, *http.Request) {})
	for name, tt := range map[string]struct {
		err  error
		want int
	}{"too large": {&http.MaxBytesError{Limit: 1}, 413}, "broken off": {io.ErrUnexpectedEOF, 400}, "anything": {errors.New("odd"), 400}} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		s, err := upstream.New(upstream.Config{URL: u, Timeout: time.Minute, Concurrency: 9, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		_, engine := gin.CreateTestContext(w)
		engine.POST("/x", s.Forward(token, false))
		engine.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/x", io.MultiReader(strings.NewReader("half"), failing{tt.err})))
		s.Close()
		if w.Code != tt.want {
			t.Errorf("%s: %d, want %d", name, w.Code, tt.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A client that is slow to send holds no place at the service: it waits until the first of the body is here.
func TestForward_slowBodiesHoldNoPlace(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(http.ResponseWriter, *http.Request) {})
	g := serve(t, base, upstream.Config{Concurrency: 1})
	conn, err := net.Dial("tcp", strings.TrimPrefix(g, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "POST /public/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
	from := bufio.NewReader(conn)
	if line, err := from.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" { // the gateway waits for the body
		t.Fatalf("= %q, %v", line, err)
	}
	if res, _, err := send(t, "GET", g+"/public/2", nil, nil); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("another client: %v, %v", res, err)
	}
	_, _ = io.WriteString(conn, "0123456789")
	if rest, _ := io.ReadAll(from); !strings.Contains(string(rest), " 200 OK") {
		t.Errorf("the slow client: %q", rest)
	}
	if got := requests(); len(got) != 2 || got[1].body != "0123456789" {
		t.Errorf("the service got %+v, want the quick one first", got)
	}
}

// A client that is slow to take an answer holds no place either, once the answer is here.
func TestForward_slowReadersHoldNoPlace(t *testing.T) {
	t.Parallel()
	answer := strings.Repeat("x", 60<<10)
	base, _ := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	g := httptest.NewUnstartedServer(handler(t, base, upstream.Config{Concurrency: 1}))
	g.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10) // or the kernel would take all of the answer
		return ctx
	}
	g.Start()
	t.Cleanup(g.Close)
	conn, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	_, _ = io.WriteString(conn, "GET /public/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	from := bufio.NewReader(conn)
	if line, err := from.ReadString('\n'); err != nil || !strings.Contains(line, "200 OK") {
		t.Fatalf("= %q, %v", line, err)
	}
	if res, body, err := send(t, "GET", g.URL+"/public/2", nil, nil); err != nil || res.StatusCode != http.StatusOK || body != answer {
		t.Errorf("another client: %v, %v", res, err)
	}
	if rest, _ := io.ReadAll(from); !strings.HasSuffix(string(rest), answer) {
		t.Errorf("the slow client got %d bytes", len(rest))
	}
}
