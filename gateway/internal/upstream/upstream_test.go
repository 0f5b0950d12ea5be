package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded is a request as a service received it.
type recorded struct {
	line    string // "METHOD target"
	header  http.Header
	trailer http.Header
	body    string
}

// record serves answer and keeps what arrives.
func record(t testing.TB, answer http.HandlerFunc) (base string, requests func() []recorded) {
	t.Helper()
	var mu sync.Mutex
	var all []recorded
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, recorded{r.Method + " " + r.RequestURI, r.Header.Clone(), r.Trailer, string(body)})
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []recorded {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// token is a source whose tokens name the target and count renewals.
func token(_ *gin.Context, target auth.Target, renew bool) (string, error) {
	return fmt.Sprintf("%s-%s-%v", target.Method, target.URI, renew), nil
}

// gateway forwards /public/:id and /private/:id, by every method, to the service at base.
func gateway(t testing.TB, base string, timeout time.Duration, source upstream.TokenSource) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	s, err := upstream.New(upstream.Config{URL: u, Timeout: timeout, Concurrency: 100, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json")})
	if err != nil {
		t.Fatal(err)
	}
	r.Any("/public/:id", s.Forward(source, false))
	r.Any("/private/:id", s.Forward(source, true))
	g := httptest.NewServer(r)
	t.Cleanup(g.Close)
	return g.URL
}

// send makes a request and reads the answer; err is a broken answer.
func send(t testing.TB, method, target string, body io.Reader, header http.Header) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

func TestForward_whatGoesInward(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	g := gateway(t, base, 5*time.Second, token)
	hostile := http.Header{
		"Accept": {"application/json"}, "If-None-Match": {`"1"`}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k"},
		"Authorization": {"Bearer the-clients"}, "Cookie": {"fa.gw.sid=secret"}, "Connection": {"close, Authorization, X-Request-Id"},
		"X-User": {"admin"}, "X-Roles": {"admin"}, "X_roles": {"admin"}, "x-ROLES": {"admin"}, "Roles": {"admin"}, "X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Host": {"evil"},
		"Forwarded": {"for=1.2.3.4"}, "X-Original-Url": {"/admin"}, "X-Http-Method-Override": {"DELETE"}, "Upgrade": {"h2c"}, "Http2-Settings": {"AAMAAABkAAQAAP__"},
		"Te": {"trailers"}, "Proxy-Authorization": {"Basic x"}, "Expect": {"100-continue"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"evil"}, "Via": {"1.1 evil"}, "Range": {"bytes=0-1"},
	}
	res, _, err := send(t, "GET", g+`/public/1?a=%2e%2e&b=<">|^{}`, nil, hostile)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("= %v, %v", res, err)
	}
	got := requests()[0]
	if got.line != `GET /public/1?a=%2e%2e&b=<">|^{}` {
		t.Errorf("target = %s, want the bytes that were matched", got.line)
	}
	id := got.header.Get("X-Request-Id")
	want := http.Header{
		"Accept": {"application/json"}, "If-None-Match": {`"1"`}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k"},
		"Authorization": {`Bearer GET-/public/1?a=%2e%2e&b=<">|^{}-false`}, "User-Agent": {"storefront-gateway"}, "X-Request-Id": {id},
	}
	if diff := cmp.Diff(want, got.header); diff != "" || len(id) < 8 || id != res.Header.Get("X-Request-Id") {
		t.Errorf("header at the service, request id %q (-want +got)\n%s", id, diff)
	}
}

// Trailers of the client stay behind, also where the body has been read on the way (Traefik CVE-2026-88004).
func TestForward_dropsTrailers(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Late")
		_, _ = io.WriteString(w, "ok")
		w.Header().Set("X-Late", "1")
	})
	g := gateway(t, base, 5*time.Second, token)
	conn, err := net.Dial("tcp", strings.TrimPrefix(g, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "POST /public/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Roles, Authorization\r\n\r\n3\r\nabc\r\n0\r\nX-Roles: admin\r\nAuthorization: Bearer x\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if got := requests()[0]; len(got.trailer) != 0 || got.header.Get("Trailer") != "" || got.body != "abc" {
		t.Errorf("service got trailers %v, body %q", got.trailer, got.body)
	}
	if len(res.Trailer) != 0 {
		t.Errorf("client got trailers %v", res.Trailer)
	}
}

func TestForward_bodies(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	g := gateway(t, base, 5*time.Second, token)
	for method, want := range map[string]string{"POST": "payload", "PUT": "payload", "DELETE": "payload", "GET": "", "HEAD": ""} {
		if res, _, err := send(t, method, g+"/public/"+method, strings.NewReader("payload"), nil); err != nil || res.StatusCode != http.StatusCreated {
			t.Errorf("%s = %v, %v", method, res, err)
		}
		for _, r := range requests() {
			if strings.HasPrefix(r.line, method+" ") && r.body != want {
				t.Errorf("%s brought %q, want %q", method, r.body, want)
			}
		}
	}
}

func TestForward_whatComesOutward(t *testing.T) {
	t.Parallel()
	base, _ := record(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{
			"Content-Type": "application/json", "Cache-Control": "public, max-age=60", "Etag": `"7"`, "Vary": "Accept", "Set-Cookie": "fa.gw.sid=planted", "Server": "inner",
			"X-Powered-By": "x", "X-Internal": "x", "Location": "/elsewhere", "Access-Control-Allow-Origin": "*", "Strict-Transport-Security": "x", "Refresh": "0; url=/x", "X-Request-Id": "theirs",
			"Clear-Site-Data": "*", "Alt-Svc": "x", "Content-Disposition": "attachment", "Www-Authenticate": "Bearer",
		} {
			w.Header().Set(name, value)
		}
		_, _ = io.WriteString(w, `{"a":1}`)
	})
	g := gateway(t, base, 5*time.Second, token)
	for path, cache := range map[string]string{"/public/1": "public, max-age=60", "/private/1": "no-store"} {
		for _, method := range []string{"GET", "HEAD"} {
			res, body, err := send(t, method, g+path, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, own := range []string{"Date", "Connection", "X-Content-Type-Options"} {
				res.Header.Del(own)
			}
			want := http.Header{
				"Content-Type": {"application/json"}, "Cache-Control": {cache}, "Etag": {`"7"`}, "Vary": {"Accept"},
				"Content-Length": {"7"}, "X-Request-Id": res.Header["X-Request-Id"],
				"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"},
			}
			if diff := cmp.Diff(want, res.Header); diff != "" || res.Header.Get("X-Request-Id") == "theirs" {
				t.Errorf("%s %s (-want +got)\n%s", method, path, diff)
			}
			if (method == "HEAD") != (body == "") {
				t.Errorf("%s %s: body %q", method, path, body)
			}
		}
	}
}

func TestForward_statuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		service   int
		header    http.Header
		want      int
		relayed   bool // the service's own body
		wantRetry bool
	}{
		{200, nil, 200, true, false}, {201, nil, 201, true, false}, {204, nil, 204, false, false},
		{400, nil, 400, true, false}, {403, nil, 403, true, false}, {404, nil, 404, true, false}, {409, nil, 409, true, false}, {412, nil, 412, true, false}, {422, nil, 422, true, false}, {429, nil, 429, true, false},
		{301, nil, 502, false, false}, {302, nil, 502, false, false}, {304, nil, 502, false, false}, {307, nil, 502, false, false},
		{304, http.Header{"If-None-Match": {`"1"`}}, 304, false, false},
		{500, nil, 500, false, false}, {502, nil, 502, false, false}, {503, nil, 503, false, true},
		{401, nil, 401, false, false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.service, tt.header), func(t *testing.T) {
			t.Parallel()
			base, _ := record(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tt.service)
				if tt.service != 204 && tt.service != 304 {
					_, _ = io.WriteString(w, "the service's own words")
				}
			})
			res, body, err := send(t, "GET", gateway(t, base, 5*time.Second, token)+"/public/1", nil, tt.header)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tt.want || (body == "the service's own words") != tt.relayed || strings.Contains(body, "own words") != tt.relayed {
				t.Errorf("= %d %q, want %d, relayed %v", res.StatusCode, body, tt.want, tt.relayed)
			}
			if loc := res.Header.Get("Location"); (loc != "") != (tt.service == 201) {
				t.Errorf("Location = %q", loc)
			}
			if res.StatusCode == http.StatusNoContent && res.Header["Content-Length"] != nil { // RFC 9110 §8.6
				t.Errorf("a 204 with a Content-Length of %s", res.Header["Content-Length"])
			}
			if (res.Header.Get("Retry-After") != "") != tt.wantRetry {
				t.Errorf("Retry-After = %q", res.Header.Get("Retry-After"))
			}
			if !tt.relayed && tt.want >= 400 && res.Header.Get("Content-Type") != problem.ContentType {
				t.Errorf("Content-Type = %q, want a problem", res.Header.Get("Content-Type"))
			}
		})
	}
}

func TestForward_renewsARefusedTokenOnce(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("Authorization"), "-false") || strings.HasSuffix(r.RequestURI, "/never") {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	g := gateway(t, base, 5*time.Second, token)
	for _, tt := range []struct {
		method, path string
		want, asked  int
	}{{"GET", "/private/1", 200, 2}, {"GET", "/private/never", 401, 2}, {"POST", "/private/1", 401, 1}} {
		before := len(requests())
		var body io.Reader
		if tt.method == "POST" {
			body = strings.NewReader("once")
		}
		res, _, err := send(t, tt.method, g+tt.path, body, nil)
		if err != nil || res.StatusCode != tt.want || len(requests())-before != tt.asked {
			t.Errorf("%s %s = %v, %v after %d requests, want %d after %d", tt.method, tt.path, res.StatusCode, err, len(requests())-before, tt.want, tt.asked)
		}
	}
}

// A source that has no other token is not tried twice.
func TestForward_sameTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	g := gateway(t, base, 5*time.Second, func(*gin.Context, auth.Target, bool) (string, error) { return "the only one", nil })
	res, _, err := send(t, "GET", g+"/private/1", nil, http.Header{"Authorization": {"Bearer the only one"}})
	if err != nil || res.StatusCode != http.StatusUnauthorized || len(requests()) != 1 || !strings.Contains(res.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("= %v, %v after %d requests, want the gateway's 401 after one", res, err, len(requests()))
	}
}

func TestForward_withoutToken(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(http.ResponseWriter, *http.Request) {})
	for want, err := range map[int]error{401: auth.ErrExpired, 503: errors.New("identity server is away")} {
		g := gateway(t, base, 5*time.Second, func(*gin.Context, auth.Target, bool) (string, error) { return "", err })
		res, _, sendErr := send(t, "GET", g+"/private/1", nil, nil)
		if sendErr != nil || res.StatusCode != want {
			t.Errorf("%v: %v, %v, want %d", err, res, sendErr, want)
		}
	}
	if got := requests(); len(got) != 0 {
		t.Errorf("the service was asked without a token: %v", got)
	}
}

// misbehave accepts connections, reads a request's head and lets answer do what it likes with the connection.
func misbehave(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	done := make(chan struct{})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = conn.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					answer(conn)
				}
			})
		}
	})
	t.Cleanup(func() { close(done); _ = l.Close(); all.Wait() })
	return "http://" + l.Addr().String()
}

func TestForward_misbehavingServices(t *testing.T) {
	t.Parallel()
	say := func(text string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, text) } }
	ok := "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	tests := []struct {
		name   string
		answer func(net.Conn)
		want   int // 0: the client's connection is cut
	}{
		{"hangs up", func(net.Conn) {}, 502},
		{"says nothing", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 504},
		{"says half a status line", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 2"); _, _ = io.Copy(io.Discard, c) }, 504},
		{"speaks another protocol", say("SSH-2.0-OpenSSH_9.2\r\n"), 502},
		{"breaks off a short body", say(ok + "Content-Length: 100\r\n\r\nhalf"), 502},
		{"breaks off a body that is not brief", say(ok + "Content-Length: 50000\r\n\r\n" + strings.Repeat("x", 40000)), 502},
		{"breaks off a chunk", say(ok + "Transfer-Encoding: chunked\r\n\r\nff\r\nhalf"), 502},
		{"never ends a short body", func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 100\r\n\r\nhalf")
			_, _ = io.Copy(io.Discard, c)
		}, 504},
		{"has two lengths", say(ok + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf"), 502},
		{"has a huge header", say(ok + "X-Huge: " + strings.Repeat("x", 24<<20) + "\r\n\r\n"), 502},
		{"switches protocols", say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), 502},
		{"invents a status", say("HTTP/1.1 99 Odd\r\n\r\n"), 502},
		{"invents a higher status", say("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), 502},
		{"breaks off a long body", say(ok + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 500000)), 0},
		{"never ends a long body", func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 1000000\r\n\r\n"+strings.Repeat("x", 500000))
			_, _ = io.Copy(io.Discard, c)
		}, 0},
		{"hints first", say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok"), 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if tt.want == http.StatusGatewayTimeout || strings.HasPrefix(tt.name, "never") {
				timeout = time.Second
			}
			g := gateway(t, misbehave(t, tt.answer), timeout, token)
			res, body, err := send(t, "GET", g+"/public/1", nil, nil)
			if tt.want == 0 {
				if err == nil {
					t.Errorf("a broken answer looks whole: %d with %d bytes", res.StatusCode, len(body))
				}
				return
			}
			if err != nil || res.StatusCode != tt.want {
				t.Fatalf("= %v, %v, want %d", res, err, tt.want)
			}
		})
	}
}

func TestForward_unreachable(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for name, base := range map[string]string{"nobody listens": "http://" + gone.Addr().String(), "no such name": "http://nothing.invalid:1"} {
		res, _, err := send(t, "GET", gateway(t, base, 5*time.Second, token)+"/public/1", nil, nil)
		if err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v, %v, want 503 with Retry-After", name, res, err)
		}
	}
}

// A client that goes away takes its request to the service with it.
func TestForward_clientGoesAway(t *testing.T) {
	t.Parallel()
	arrived, cancelled := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(cancelled)
	}))
	defer s.Close()
	g := gateway(t, s.URL, time.Minute, token)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	req, err := http.NewRequestWithContext(ctx, "GET", g+"/public/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if res, err := client.Do(req); err == nil {
		_ = res.Body.Close()
		t.Error("the cancelled request was answered")
	}
	<-cancelled
}

func TestForward_streamsLongAnswers(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("0123456789abcdef", 64<<10)
	base, _ := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, want) })
	if _, got, err := send(t, "GET", gateway(t, base, 10*time.Second, token)+"/public/1", nil, nil); err != nil || got != want {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(want))
	}
}

// An answer of any length arrives as it was, with its length where all of it was here before it went on.
func TestForward_anyLength(t *testing.T) {
	t.Parallel()
	const brief, long = 8 << 10, 64 << 10
	base, _ := record(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.RawQuery)
		_, _ = io.WriteString(w, strings.Repeat("x", n-n/2))
		_ = http.NewResponseController(w).Flush() // in chunks
		_, _ = io.WriteString(w, strings.Repeat("y", n/2))
	})
	g := gateway(t, base, 10*time.Second, token)
	for _, n := range []int{0, 1, brief - 1, brief, brief + 1, 3 * brief, long - 1, long, long + 1, brief} {
		want, length := strings.Repeat("x", n-n/2)+strings.Repeat("y", n/2), int64(n)
		if n >= long {
			length = -1
		}
		res, got, err := send(t, "GET", g+"/public/1?"+strconv.Itoa(n), nil, nil)
		if err != nil || got != want || res.ContentLength != length {
			t.Errorf("%d bytes: %d of length %v, %v", n, len(got), res.ContentLength, err)
		}
	}
}

func TestNew_refusesHalfAConfig(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]upstream.Config{"nothing": {}, "no timeout": {URL: &url.URL{Scheme: "http", Host: "x"}}, "no host": {URL: &url.URL{Path: "/x"}, Timeout: time.Second}} {
		if _, err := upstream.New(cfg); err == nil {
			t.Errorf("New of %s = nil error", name)
		}
	}
}
