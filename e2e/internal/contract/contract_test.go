package contract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"storefront/e2e/internal/contract"
	"storefront/shared/openapi"
)

const document = `{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},"paths":{"/cups":{
	"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}}}},
	"responses":{"200":{"description":"a cup","content":{"application/json":{"schema":{"type":"object","properties":{"name":{"type":"string"}}}}}}}}}}}`

// shop echoes what it gets, and gives its document to whoever has the token.
func shop(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == openapi.Path && r.Header.Get("Authorization") == "Bearer token":
			_, _ = io.WriteString(w, document)
		case r.URL.Path == openapi.Path:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.Copy(w, r.Body)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWatch(t *testing.T) {
	t.Parallel()
	held, other := shop(t), shop(t)
	watch := &contract.Watch{Next: http.DefaultTransport}
	if _, err := watch.Read(t.Context(), held, ""); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a token: %v", err)
	}
	if _, err := watch.Read(t.Context(), held, "token"); err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: watch}
	for _, step := range []struct {
		base, body string
		faults     int // so far
	}{{held, `{"name":"x"}`, 0}, {other, `{"colour":"red"}`, 0}, {held, `{"name":"x","colour":"red"}`, 2}, {held, `{"name":"x","colour":"red"}`, 2}} {
		res, err := client.Post(step.base+"/cups", "application/json", strings.NewReader(step.body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(body) != step.body {
			t.Errorf("%s passes as %s, %v", step.body, body, err)
		}
		if faults := watch.Faults(); len(faults) != step.faults {
			t.Errorf("after %s: faults %q, want %d", step.body, faults, step.faults)
		}
	}
	if watch.Compared() != 3 {
		t.Errorf("%d exchanges compared, want those with the shop that is held to its document", watch.Compared())
	}
}
