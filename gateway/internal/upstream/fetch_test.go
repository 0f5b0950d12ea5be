package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/problem"
)

func TestFetch(t *testing.T) {
	t.Parallel()
	base, requests := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/none" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, `{"n":7}`)
	})
	s, _ := ours(t, base, 5*time.Second)
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "passes")
	source := func(ctx context.Context, target auth.Target, renew bool) (string, error) {
		if ctx.Value(key{}) != "passes" || renew {
			return "", errors.New("not this context")
		}
		return target.Method + "-" + target.URI, nil
	}
	var text json.RawMessage
	if err := s.Fetch(ctx, source, upstream.Message{Method: http.MethodGet, URI: "/things", Within: time.Second}, &text); err != nil || string(text) != `{"n":7}` {
		t.Fatalf("Fetch = %s, %v", text, err)
	}
	got := requests()[0]
	if got.line != "GET /api/things" || got.header.Get("Authorization") != "Bearer GET-/api/things" || len(got.header.Get(problem.RequestIDHeader)) < 8 {
		t.Errorf("the service got %s %v", got.line, got.header)
	}
	if err := s.Fetch(ctx, source, upstream.Message{Method: http.MethodGet, URI: "/none", Within: time.Second}, &text); err == nil {
		t.Error("what is not there is fetched")
	}
	if err := s.Fetch(t.Context(), source, upstream.Message{Method: http.MethodGet, URI: "/things", Within: time.Second}, &text); !errors.Is(err, upstream.ErrToken) {
		t.Errorf("without a token: %v", err)
	}
}
