package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/shared/openapi"
	"storefront/shared/server"
)

func serve(t testing.TB, d *openapi.Document, method string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	server.Get(r, openapi.Path, d.Serve)
	req := httptest.NewRequest(method, openapi.Path, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func TestDocument_Serve(t *testing.T) {
	t.Parallel()
	d, err := openapi.Parse([]byte("openapi: 3.1.0\npaths:\n  /a: &a {get: {responses: {'200': {description: yes}}}}\n  /b: *a\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := serve(t, d, http.MethodGet)
	const operation = `{"get":{"responses":{"200":{"description":"yes"}}}}`
	if want := `{"openapi":"3.1.0","paths":{"/a":` + operation + `,"/b":` + operation + `}}`; w.Code != 200 || w.Body.String() != want {
		t.Errorf("GET = %d %s, want %s", w.Code, w.Body, want)
	}
	etag := w.Header().Get("ETag")
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-cache" || len(etag) < 10 {
		t.Errorf("header %v", w.Header())
	}
	for _, tt := range []struct {
		name   string
		method string
		header []string
		status int
		body   bool
	}{
		{"head", http.MethodHead, nil, 200, false},
		{"the same", http.MethodGet, []string{"If-None-Match", etag}, 304, false},
		{"another", http.MethodGet, []string{"If-None-Match", `"another"`}, 200, true},
		{"a part", http.MethodGet, []string{"Range", "bytes=0-3"}, 200, true},
	} {
		w := serve(t, d, tt.method, tt.header...)
		if w.Code != tt.status || (w.Body.Len() > 0) != tt.body || w.Header().Get("ETag") != etag {
			t.Errorf("%s = %d, ETag %s, %d bytes; want %d", tt.name, w.Code, w.Header().Get("ETag"), w.Body.Len(), tt.status)
		}
	}
	if other := serve(t, openapi.New([]byte(`{}`)), http.MethodGet).Header().Get("ETag"); other == etag {
		t.Error("another document has the same ETag")
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"no YAML":              "paths: [",
		"a member twice":       "openapi: 3.1.0\nopenapi: 3.0.0",
		"a status as a number": "responses: {200: {description: yes}}",
	} {
		if d, err := openapi.Parse([]byte(source)); err == nil || !strings.Contains(err.Error(), "openapi document") {
			t.Errorf("%s = %v, %v, want an error", name, d, err)
		}
	}
}

func TestMustParse_panics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a source with a fault is served")
		}
	}()
	openapi.MustParse([]byte("paths: ["))
}
