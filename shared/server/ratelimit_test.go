package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/config"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// limited is an engine whose one route answers three requests an hour; X-Subject stands in for authentication.
func limited(t testing.TB, limit config.Rate, trusted ...string) *gin.Engine {
	t.Helper()
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json"), TrustedProxies: trusted})
	if err != nil {
		t.Fatal(err)
	}
	authenticate := func(c *gin.Context) {
		if s := c.GetHeader("X-Subject"); s != "" {
			c.Set(gin.AuthUserKey, s)
		}
	}
	r.GET("/x", authenticate, server.RateLimit("api", limit), func(c *gin.Context) { c.Status(http.StatusOK) })
	return r
}

func askAs(h http.Handler, from, subject, forwarded string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, "/x", nil)
	req.RemoteAddr = from
	req.Header.Set("X-Subject", subject)
	if forwarded != "" {
		req.Header.Set("X-Forwarded-For", forwarded)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

var threeAnHour = config.Rate{Count: 3, Per: time.Hour}

func TestRateLimit_tellsAndRefuses(t *testing.T) {
	t.Parallel()
	h := limited(t, threeAnHour)
	for i, want := range []struct {
		status int
		limit  string
	}{{200, `"api";r=2;t=1200`}, {200, `"api";r=1;t=2400`}, {200, `"api";r=0;t=3600`}, {429, `"api";r=0;t=3600`}} {
		w := askAs(h, "192.0.2.1:1", "", "")
		if w.Code != want.status || w.Header().Get("RateLimit") != want.limit || w.Header().Get("RateLimit-Policy") != `"api";q=3;w=3600` {
			t.Errorf("request %d: %d %v, want %d %s", i, w.Code, w.Header(), want.status, want.limit)
		}
		if refused := want.status == 429; (w.Header().Get("Retry-After") == "1200") != refused || (w.Header().Get("Content-Type") == problem.ContentType) != refused {
			t.Errorf("request %d: %v, want a problem with Retry-After: %v", i, w.Header(), refused)
		}
	}
}

// Who is who: a change of what a client can choose brings no new quota (gin CVE-2020-28483).
func TestRateLimit_clients(t *testing.T) {
	t.Parallel()
	type from struct{ addr, subject, forwarded string }
	tests := []struct {
		name    string
		trusted []string
		a, b    from
		same    bool
	}{
		{"another port", nil, from{"192.0.2.1:1", "", ""}, from{"192.0.2.1:2", "", ""}, true},
		{"another address", nil, from{"192.0.2.1:1", "", ""}, from{"192.0.2.2:1", "", ""}, false},
		{"an invented X-Forwarded-For", nil, from{"192.0.2.1:1", "", "10.0.0.1"}, from{"192.0.2.1:1", "", "10.0.0.2"}, true},
		{"behind a trusted proxy", []string{"192.0.2.0/24"}, from{"192.0.2.1:1", "", "198.51.100.1"}, from{"192.0.2.1:1", "", "198.51.100.2"}, false},
		{"invented before a trusted proxy", []string{"192.0.2.0/24"}, from{"192.0.2.1:1", "", "10.0.0.1, 198.51.100.1"}, from{"192.0.2.1:1", "", "10.0.0.2, 198.51.100.1"}, true},
		{"another address of one IPv6 network", nil, from{"[2001:db8::1]:1", "", ""}, from{"[2001:db8::2]:1", "", ""}, true},
		{"another IPv6 network", nil, from{"[2001:db8::1]:1", "", ""}, from{"[2001:db8:0:1::1]:1", "", ""}, false},
		{"IPv4 in IPv6", nil, from{"192.0.2.1:1", "", ""}, from{"[::ffff:192.0.2.1]:1", "", ""}, true},
		{"one user at two addresses", nil, from{"192.0.2.1:1", "ada", ""}, from{"192.0.2.2:1", "ada", ""}, true},
		{"two users at one address", nil, from{"192.0.2.1:1", "ada", ""}, from{"192.0.2.1:1", "bob", ""}, false},
		{"a user who is called like an address", nil, from{"192.0.2.1:1", "", ""}, from{"192.0.2.2:1", "192.0.2.1", ""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := limited(t, threeAnHour, tt.trusted...)
			for range 3 {
				askAs(h, tt.a.addr, tt.a.subject, tt.a.forwarded)
			}
			if got := askAs(h, tt.b.addr, tt.b.subject, tt.b.forwarded).Code; (got == 429) != tt.same {
				t.Errorf("= %d, want the same client: %v", got, tt.same)
			}
		})
	}
}

func TestRateLimit_off(t *testing.T) {
	t.Parallel()
	h := limited(t, config.Rate{})
	for range 100 {
		if w := askAs(h, "192.0.2.1:1", "", ""); w.Code != 200 || w.Header().Get("RateLimit") != "" {
			t.Fatalf("= %d %v", w.Code, w.Header())
		}
	}
}

// A flood of addresses takes no more memory than the limit's own, and forgets who has been quiet.
func TestRateLimit_boundedMemory(t *testing.T) { // alone: it weighs the process
	h := server.RateLimit("api", threeAnHour)
	ask := func(subject string) int {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest(http.MethodGet, "/x", nil)
		c.Set(gin.AuthUserKey, subject)
		h(c)
		return c.Writer.Status()
	}
	for range 3 {
		ask("ada")
	}
	if ask("ada") != 429 {
		t.Fatal("the fourth request is granted")
	}
	for i := range 16 << 10 {
		ask(fmt.Sprint(i))
	}
	before := memory()
	for i := range 200_000 {
		ask(fmt.Sprint("flood ", i))
	}
	if grown := int64(memory()) - int64(before); grown > 8<<20 {
		t.Errorf("200000 clients take %d KB more", grown>>10)
	}
	if ask("ada") != 200 {
		t.Error("who has been quiet is still remembered: the memory is not bounded")
	}
	runtime.KeepAlive(h)
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
