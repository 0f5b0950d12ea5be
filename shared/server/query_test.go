package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/shared/server"
)

// ask reads a query as a list would, and gives what was read, or the answer that refused it.
func ask(query string) (q *server.Query, limit int, id int64, w *httptest.ResponseRecorder, ok bool) {
	w = httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/?"+query, nil)
	q = server.ReadQuery(c, "q", "limit", "cursor")
	limit, id = q.Limit(), q.ID("cursor")
	return q, limit, id, w, q.Done(c)
}

func TestReadQuery(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"q=a+b%26c&limit=7&cursor=12", "limit=7&utm_source=x&cursor=12&q=a%20b%26c", "Q=no&q=a+b%26c&limit=7&cursor=12&cursor2=9&=&x=%zz&;",
	} {
		q, limit, id, w, ok := ask(query)
		if !ok || q.Text("q") != "a b&c" || limit != 7 || id != 12 {
			t.Errorf("%s: %q, %d, %d, %s", query, q.Text("q"), limit, id, w.Body)
		}
	}
	if q, limit, id, _, ok := ask(""); !ok || q.Text("q") != "" || limit != 20 || id != 0 {
		t.Errorf("nothing: %q, %d, %d, %t", q.Text("q"), limit, id, ok)
	}
	if q, _, _, _, ok := ask("q=a;b"); !ok || q.Text("q") != "a;b" {
		t.Errorf("a semicolon = %q, %t", q.Text("q"), ok)
	}
}

func TestReadQuery_refuses(t *testing.T) {
	t.Parallel()
	for query, fields := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=-1": "limit", "limit=ten": "limit", "limit=1e1": "limit", "limit=99999999999999999999": "limit",
		"cursor=0": "cursor", "cursor=x&limit=0": "cursor limit", "q=%": "q", "q=a&q=b": "q", "limit=1&%6cimit=2": "limit",
	} {
		_, _, _, w, ok := ask(query)
		for field := range strings.FieldsSeq(fields) {
			if ok || w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"field":"`+field+`"`) {
				t.Errorf("%s = %t %d %s, want 400 for %s", query, ok, w.Code, w.Body, fields)
			}
		}
	}
}
