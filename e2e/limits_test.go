package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"storefront/e2e/internal/stack"
)

// dial opens a bare connection to a service.
func dial(t testing.TB, s *stack.Stack, name string) net.Conn {
	t.Helper()
	u, err := url.Parse(s.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// speak sends bytes as they stand while it reads the answer, and gives its status. 0 is a connection that was cut.
func speak(t testing.TB, conn net.Conn, request io.Reader) (status int, sent int64) {
	t.Helper()
	done := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(conn, request)
		done <- n
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		_ = conn.Close()
		return 0, <-done
	}
	_ = res.Body.Close()
	_ = conn.Close()
	return res.StatusCode, <-done
}

// Paths that two programs read differently, after the bypasses that proxies have had. Each is sent byte for byte.
var tricks = []string{
	"GET /products/../branches/1/products", "GET /products/./1", "GET /./products", "GET /..", "GET /products/..", "GET /products/.",
	"GET /products/%2e%2e/branches/1/products", "GET /products/%2E%2E%2Fbranches", "GET /products/%2f", "GET /products/1%2f..", "GET /%70roducts",
	"GET /products%00", "GET /products/1%00.css", "GET /products/%252e%252e", "GET /products/1%0d%0aX-Roles:%20admin", "GET /products/%zz",
	"GET //products", "GET /products//1", "GET //elsewhere.example/products", "GET /products/1//", "GET ///",
	"GET /products;a=1", "GET /products/1;/../../branches/1/products", "GET /branches/1;x/products",
	`GET \products`, `GET /products\1`, `GET /\elsewhere.example`, `GET /products/..\branches`,
	"GET http://localhost/products", "GET http://elsewhere.example/products", "GET HTTP://localhost/products", "GET https://localhost/products",
	"GET http:http://x/", "GET http:/products", "GET products", "GET *", "OPTIONS *", "GET ?", "GET x:y", "GET @elsewhere.example/products",
	"GET /products/\xc3\xa9", "GET /products/\xff", "GET /products/\x7f", "GET /products\x01", "GET /products?q=\xc3\xa9", "GET /products#fragment", "GET /#",
	"GET /products/\u2025/branches", "GET /products/\uff0e\uff0e/branches", "POST /products/../logout", "HEAD /products/%2e",
}

func TestGateway_refusesEveryPathTrick(t *testing.T) {
	t.Parallel()
	upstream := newRecorder(t, nil)
	s, _ := behind(t, upstream, nil)
	for _, trick := range tricks {
		status, _ := speak(t, dial(t, s, stack.Gateway), strings.NewReader(trick+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
		if status != http.StatusBadRequest {
			t.Errorf("%q is answered %d, want 400", trick, status)
		}
		if seen := upstream.take(); len(seen) > 0 {
			t.Errorf("%q reaches a service as %q", trick, seen[0].target)
		}
	}
	status, _ := speak(t, dial(t, s, stack.Gateway), strings.NewReader("GET /products?q=../%2e%2e/;//\\ HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if seen := upstream.take(); status != http.StatusOK || len(seen) != 1 || seen[0].target != `/products?q=../%2e%2e/;//\` {
		t.Errorf("a plain path with an odd query is answered %d and arrives as %+v, want it byte for byte", status, seen)
	}
}

func TestServices_refuseEveryPathTrick(t *testing.T) {
	t.Parallel()
	s := together(t)
	for _, name := range []string{stack.Catalog, stack.Inventory} {
		for _, trick := range tricks {
			status, _ := speak(t, dial(t, s, name), strings.NewReader(trick+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
			if status != http.StatusBadRequest {
				t.Errorf("%s: %q is answered %d, want 400", name, trick, status)
			}
		}
	}
}

func TestGateway_refusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	upstream := newRecorder(t, nil)
	s, _ := behind(t, upstream, nil)
	big := strings.Repeat("a", 1<<20)
	tests := []struct {
		name, request string
		want          []int
	}{
		{"a header of 1 MB", "GET /products HTTP/1.1\r\nHost: localhost\r\nX-Big: " + big + "\r\n\r\n", []int{431}},
		{"a header of 1 MB that does not end", "GET /products HTTP/1.1\r\nHost: localhost\r\nX-Big: " + big, []int{431}},
		{"40000 headers", "GET /products HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X: y\r\n", 40_000) + "\r\n", []int{431}},
		{"a cookie of 100 KB", "GET /me HTTP/1.1\r\nHost: localhost\r\nCookie: fa.gw.sid=" + big[:100<<10] + "\r\n\r\n", []int{431}},
		{"a target of 3 KB", "GET /products?q=" + big[:3<<10] + " HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{414}},
		{"a target of 1 MB", "GET /products?q=" + big + " HTTP/1.1\r\nHost: localhost\r\n\r\n", []int{414, 431}},
		{"a token of 9 KB", "GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + big[:9<<10] + "\r\n\r\n", []int{401}},
		{"two lengths", "GET /products HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", []int{400}},
		{"no host", "GET /products HTTP/1.1\r\n\r\n", []int{400}},
	}
	for _, tt := range tests {
		status, _ := speak(t, dial(t, s, stack.Gateway), strings.NewReader(tt.request))
		if !slices.Contains(tt.want, status) {
			t.Errorf("%s: status = %d, want %d", tt.name, status, tt.want)
		}
		if seen := upstream.take(); len(seen) > 0 {
			t.Errorf("%s: it reaches a service", tt.name)
		}
	}
	for _, name := range []string{stack.Catalog, stack.Inventory} {
		if status, _ := speak(t, dial(t, s, name), strings.NewReader(tests[0].request)); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s answers a header of 1 MB with %d, want 431", name, status)
		}
	}
}

// swallowed is more than the buffers of both ends hold, and far less than what is sent.
const bodySize, swallowed = 100 << 20, 32 << 20

func TestGateway_doesNotSwallowTheBodyOfAGET(t *testing.T) {
	t.Parallel()
	upstream := newRecorder(t, nil)
	s, _ := behind(t, upstream, nil)
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<20, strings.Repeat("x", 1<<20))
	tests := []struct {
		name, header string
		body         io.Reader
		want         int
		arrives      int
	}{
		{"100 MB by length", "Content-Length: 104857600", io.LimitReader(endless{}, bodySize), http.StatusRequestEntityTooLarge, 0},
		{"100 MB in chunks", "Transfer-Encoding: chunked", io.LimitReader(&repeated{text: chunk}, bodySize), http.StatusOK, 1},
		{"100 bytes", "Content-Length: 100", io.LimitReader(endless{}, 100), http.StatusOK, 1},
	}
	for _, tt := range tests {
		head := strings.NewReader("GET /products HTTP/1.1\r\nHost: localhost\r\n" + tt.header + "\r\n\r\n")
		status, sent := speak(t, dial(t, s, stack.Gateway), io.MultiReader(head, tt.body))
		if status != tt.want {
			t.Errorf("%s: status = %d, want %d", tt.name, status, tt.want)
		}
		if sent > swallowed {
			t.Errorf("%s: the gateway has taken %d MB", tt.name, sent>>20)
		}
		seen := upstream.take()
		if len(seen) != tt.arrives {
			t.Errorf("%s: %d requests reach the service, want %d", tt.name, len(seen), tt.arrives)
		}
		for _, r := range seen {
			if r.body > 0 || r.header.Get("Content-Length") != "" {
				t.Errorf("%s: %d bytes of the body reach the service", tt.name, r.body)
			}
		}
	}
}

// endless is a body that never ends.
type endless struct{}

// Read implements io.Reader.
func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// repeated is one text again and again.
type repeated struct {
	text string
	at   int
}

// Read implements io.Reader.
func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// What a client claims about itself never arrives: a service sees the gateway's own headers and a few of content.
func TestGateway_passesNoHeaderThatCouldLie(t *testing.T) {
	t.Parallel()
	upstream := newRecorder(t, nil)
	s, _ := behind(t, upstream, nil)
	lies := []string{
		"Cookie: a=b", "X-User-Id: 1", "X_User_Id: 1", "X-Roles: admin", "X_ROLES: admin", "roles: admin", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: evil",
		"X-Forwarded-Uri: /branches/1/products", "X-Original-Url: /branches/1/products", "X-Rewrite-Url: /x", "X-Http-Method-Override: DELETE", "Forwarded: for=1",
		"Via: 1.1 x", "Upgrade: websocket", "Connection: Upgrade, Authorization, X-Request-Id", "Te: trailers", "Trailer: X-Roles", "Proxy-Authorization: Basic eDp5",
		"Authorization: Bearer of.the.client", "X-Real-Ip: 10.0.0.1", "X-Auth-Request-User: admin", "Keep-Alive: 300", "Accept-Encoding: br",
	}
	status, _ := speak(t, dial(t, s, stack.Gateway), strings.NewReader("GET /products HTTP/1.1\r\nHost: evil.example\r\nAccept: application/json\r\n"+strings.Join(lies, "\r\n")+"\r\n\r\n"))
	if status != http.StatusOK {
		t.Fatalf("status = %d, want 200", status)
	}
	seen := upstream.take()
	if len(seen) != 1 {
		t.Fatalf("%d requests reach the service", len(seen))
	}
	for name := range seen[0].header {
		if !slices.Contains([]string{"Accept", "Authorization", "User-Agent", "X-Request-Id"}, name) {
			t.Errorf("the service sees %s", name)
		}
	}
	if got := seen[0].header.Values("Authorization"); len(got) != 1 || got[0] == "Bearer of.the.client" {
		t.Error("the service does not see exactly the token that the gateway made")
	}
}
