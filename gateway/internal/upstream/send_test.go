package upstream_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// ours is a service whose paths begin with /api, and a request of a visitor to a page.
func ours(t testing.TB, base string, timeout time.Duration) (*upstream.Service, *gin.Context) {
	t.Helper()
	u, err := url.Parse(base + "/api")
	if err != nil {
		t.Fatal(err)
	}
	s, err := upstream.New(upstream.Config{URL: u, Timeout: timeout, Concurrency: 100, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r, err := server.New(server.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var page *gin.Context
	r.GET("/page", func(c *gin.Context) { page = c.Copy() })
	req := httptest.NewRequest(http.MethodGet, "/page", nil)
	req.Header.Set("X-Roles", "admin")
	req.Header.Set(problem.RequestIDHeader, "request-1")
	r.ServeHTTP(httptest.NewRecorder(), req)
	return s, page
}

func TestSend(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"n":7}`) })
	s, c := ours(t, base, 5*time.Second)
	var doc struct{ N int }
	message := upstream.Message{Method: http.MethodPut, URI: "/things/1?a=b", Header: http.Header{"If-Match": {`"3"`}}, Body: gin.H{"name": "Cup"}, Within: time.Second}
	if err := s.Send(c, token, message, &doc); err != nil || doc.N != 7 {
		t.Fatalf("Send = %+v, %v", doc, err)
	}
	got := requests()[0]
	want := http.Header{
		"Authorization": {"Bearer PUT-/api/things/1?a=b-false"}, "User-Agent": {"storefront-gateway"}, "X-Request-Id": {"request-1"},
		"If-Match": {`"3"`}, "Content-Type": {"application/json"}, "Content-Length": {"14"},
	}
	if diff := cmp.Diff(want, got.header); diff != "" || got.line != "PUT /api/things/1?a=b" || got.body != `{"name":"Cup"}` {
		t.Errorf("the service got %s %q (-want +got)\n%s", got.line, got.body, diff)
	}
	if err := s.Send(c, token, upstream.Message{Method: http.MethodGet, URI: "/x", Within: time.Second}, nil); err != nil || requests()[1].header.Get("Content-Type") != "" {
		t.Errorf("without a body and an answer: %v, %v", err, requests()[1].header)
	}
}

func TestSend_refusals(t *testing.T) {
	t.Parallel()
	base, _ := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.RequestURI {
		case "/api/fields":
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"status":422,"code":"invalid","detail":"Some values.","errors":[{"field":"price","message":"is too high"}]}`)
		case "/api/bare":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<html>")
		case "/api/lies":
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"status":200}`)
		}
	})
	s, c := ours(t, base, 5*time.Second)
	for uri, want := range map[string]*upstream.Refused{
		"/fields": {Document: problem.Document{Status: 422, Code: "invalid", Detail: "Some values."}, Fields: []problem.Field{{Name: "price", Message: "is too high"}}},
		"/bare":   {Document: problem.Document{Status: 404}},
		"/lies":   {Document: problem.Document{Status: 409}},
	} {
		err := s.Send(c, token, upstream.Message{Method: http.MethodGet, URI: uri, Within: time.Second}, nil)
		got, _ := errors.AsType[*upstream.Refused](err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", uri, err, diff)
		}
	}
}

// What is neither done nor refused is an error of its own: the page must not take silence for a no.
func TestSend_noUsableAnswer(t *testing.T) {
	t.Parallel()
	base, _ := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.RequestURI {
		case "/api/garbage":
			_, _ = io.WriteString(w, "<html>")
		case "/api/redirect":
			w.Header().Set("Location", "/api/ok")
			w.WriteHeader(http.StatusSeeOther)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":503}`)
		}
	})
	silent := misbehave(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	for uri, at := range map[string]string{"/garbage": base, "/redirect": base, "/away": base, "/silent": silent} {
		s, c := ours(t, at, time.Minute)
		var doc struct{}
		err := s.Send(c, token, upstream.Message{Method: http.MethodGet, URI: uri, Within: 50 * time.Millisecond}, &doc)
		if _, refused := errors.AsType[*upstream.Refused](err); err == nil || refused {
			t.Errorf("%s: %v, want an error that is no refusal", uri, err)
		}
	}
}

func TestSend_renewsARefusedTokenOnce(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer POST-/api/once-true" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	s, c := ours(t, base, 5*time.Second)
	gone := func(_ *gin.Context, _ auth.Target, renew bool) (string, error) {
		if renew {
			return "", auth.ErrExpired
		}
		return "old", nil
	}
	same := func(*gin.Context, auth.Target, bool) (string, error) { return "the only one", nil }
	for _, tt := range []struct {
		name   string
		uri    string
		source upstream.TokenSource
		want   int // 0 is done
		asked  int
	}{{"renewed", "/once", token, 0, 2}, {"refused again", "/never", token, 401, 2}, {"no other", "/once", same, 401, 1}, {"over", "/once", gone, 401, 1}} {
		before := len(requests())
		err := s.Send(c, tt.source, upstream.Message{Method: http.MethodPost, URI: tt.uri, Body: gin.H{"n": 1}, Within: 5 * time.Second}, nil)
		status := 0
		if refused, ok := errors.AsType[*upstream.Refused](err); ok {
			status = refused.Status
		}
		if got := requests()[before:]; status != tt.want || len(got) != tt.asked || got[len(got)-1].body != `{"n":1}` {
			t.Errorf("%s: %v after %v, want %d after %d requests", tt.name, err, got, tt.want, tt.asked)
		}
	}
	away := func(*gin.Context, auth.Target, bool) (string, error) {
		return "", errors.New("identity server is away")
	}
	if err := s.Send(c, away, upstream.Message{Method: http.MethodGet, URI: "/once", Within: time.Second}, nil); !errors.Is(err, upstream.ErrToken) {
		t.Errorf("without a token: %v, want ErrToken", err)
	}
}
