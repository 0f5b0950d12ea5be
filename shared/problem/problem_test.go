package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/problem"
)

var errGone = errors.New("row 17 of table users is gone")

// answer runs respond as the handler of one request.
func answer(t testing.TB, respond gin.HandlerFunc) (*httptest.ResponseRecorder, problem.Document, *gin.Context) {
	t.Helper()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	c.Header(problem.RequestIDHeader, "request-1")
	respond(c)
	var doc problem.Document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	return w, doc, c
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := problem.Table{{Err: errGone, Status: 404, Slug: "gone", Detail: "It is gone."}}
	for name, tt := range map[string]struct {
		err  error
		want problem.Document
	}{
		"known": {fmt.Errorf("find: %w", errGone), problem.Document{
			Type: "urn:storefront:problem:gone", Title: "Not Found", Status: 404, Message: "NOT_FOUND", Code: "gone", Detail: "It is gone.", Instance: "request-1",
		}},
		"unknown is a fixed 500": {errors.New("password=hunter2"), problem.Document{
			Type: "about:blank", Title: "Internal Server Error", Status: 500, Message: "INTERNAL_SERVER_ERROR", Code: "internal-server-error", Detail: "Something went wrong on our side.", Instance: "request-1",
		}},
	} {
		w, got, c := answer(t, func(c *gin.Context) { table.Respond(c, tt.err) })
		if diff := cmp.Diff(tt.want, got); diff != "" || w.Code != tt.want.Status {
			t.Errorf("%s: status %d, (-want +got)\n%s", name, w.Code, diff)
		}
		if c.Errors.Last() == nil || !errors.Is(c.Errors.Last(), tt.err) {
			t.Errorf("%s: the log would not see the cause: %v", name, c.Errors)
		}
		if strings.Contains(w.Body.String(), tt.err.Error()) {
			t.Errorf("%s: the client sees the cause: %s", name, w.Body)
		}
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		respond gin.HandlerFunc
		status  int
		header  string
		want    string
	}{
		"no token":   {func(c *gin.Context) { problem.Unauthorized(c, false, errGone) }, 401, "WWW-Authenticate", "Bearer"},
		"bad token":  {func(c *gin.Context) { problem.Unauthorized(c, true, errGone) }, 401, "WWW-Authenticate", `Bearer error="invalid_token"`},
		"lacks role": {func(c *gin.Context) { problem.Forbidden(c, errGone) }, 403, "WWW-Authenticate", `Bearer error="insufficient_scope"`},
		"away":       {func(c *gin.Context) { problem.Unavailable(c, "Later.", errGone) }, 503, "Retry-After", "1"},
	} {
		w, got, c := answer(t, tt.respond)
		if w.Code != tt.status || got.Status != tt.status || w.Header().Get(tt.header) != tt.want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s = %d %v, want %d with %s: %s", name, w.Code, w.Header(), tt.status, tt.header, tt.want)
		}
		if !c.IsAborted() {
			t.Errorf("%s: handlers behind it still run", name)
		}
	}
}

// A site shows its problems as pages to people, and the same problems as JSON to programs.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, person := range []bool{true, false} {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		problem.Pages(func(c *gin.Context, d problem.Document) bool {
			if person {
				c.String(d.Status, "page for %s", d.Code)
			}
			return person
		})(c)
		problem.Forbidden(c, nil)
		if shown := w.Body.String() == "page for role-missing"; shown != person || w.Code != http.StatusForbidden || !c.IsAborted() {
			t.Errorf("person %t: %d %s, aborted %t", person, w.Code, w.Body, c.IsAborted())
		}
	}
}

// RFC 9728 §5.1: the challenge says where the resource is described.
func TestProtectedResource(t *testing.T) {
	t.Parallel()
	const metadata = "https://shop.example/.well-known/oauth-protected-resource"
	for want, respond := range map[string]gin.HandlerFunc{
		`Bearer resource_metadata="` + metadata + `"`:                             func(c *gin.Context) { problem.Unauthorized(c, false, nil) },
		`Bearer error="invalid_token", resource_metadata="` + metadata + `"`:      func(c *gin.Context) { problem.Unauthorized(c, true, nil) },
		`Bearer error="insufficient_scope", resource_metadata="` + metadata + `"`: func(c *gin.Context) { problem.Forbidden(c, nil) },
	} {
		w, _, _ := answer(t, func(c *gin.Context) { problem.ProtectedResource(metadata)(c); respond(c) })
		if got := w.Header().Get("WWW-Authenticate"); got != want {
			t.Errorf("WWW-Authenticate = %s, want %s", got, want)
		}
	}
}
