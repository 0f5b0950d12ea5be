package server_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/server"
)

// A body is refused with 400, or it is what encoding/json reads from it, and reads again from what it writes of it.
func FuzzJSON(f *testing.F) {
	for _, body := range []string{
		`{"name":"a","count":1}`, `{"name":"a","count":1,"gift":true,"lines":[{"product":7}],"tags":["x"]}`, `{"name":"a","count":1}{}`, `{"Name":"a","count":1}`,
		`{"name":"a","name":"b","count":1}`, `{"name":null,"count":1}`, `{"name":"\ud800","count":1e0}`, `[]`, `{"name":"a","count":9223372036854775808}`,
		`{"name":"a","count":1,"lines":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}`, "\ufeff{}", "{\"name\":\"\xff\",\"count\":1}", `{"name":"a","count":1,"lines":[{"product":7,"product":8}]}`, "",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w, got := sendOrder(t, body)
		if w.Code == http.StatusBadRequest || w.Code == http.StatusRequestEntityTooLarge {
			return
		}
		var want order
		if err := json.Unmarshal([]byte(body), &want); err != nil || w.Code != http.StatusNoContent {
			t.Fatalf("%q = %d, encoding/json: %v", body, w.Code, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", body, diff)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if w, again := sendOrder(t, string(text)); w.Code != http.StatusNoContent || !cmp.Equal(got, again) {
			t.Errorf("%q was read, and %q is %d %+v", body, text, w.Code, again)
		}
	})
}

// A query that is read says what net/url reads in it, and no parameter that stands twice is taken.
func FuzzReadQuery(f *testing.F) {
	for _, query := range []string{"q=a+b%26c&limit=7&cursor=12", "limit=101", "q=a&q=b", "q=%", "%71=x", "q=a;b", "&&=&q", "limit=+7", "limit=07&cursor=9223372036854775807", "cursor=-1"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}}
		q := server.ReadQuery(c, "q", "limit", "cursor")
		limit, id := q.Limit(), q.ID("cursor")
		if !q.Done(c) {
			if w.Code != http.StatusBadRequest {
				t.Errorf("%q = %d, want 400", query, w.Code)
			}
			return
		}
		if limit < 1 || limit > 100 || id < 0 {
			t.Errorf("%q: limit %d, cursor %d", query, limit, id)
		}
		for name, values := range parsed(query) {
			if known := name == "q" || name == "limit" || name == "cursor"; known && (len(values) > 1 || q.Text(name) != values[0]) {
				t.Errorf("%q: %s = %q, net/url: %q", query, name, q.Text(name), values)
			}
		}
	})
}

// parsed is what net/url makes of a query; what it cannot take it leaves out.
func parsed(query string) url.Values {
	values, _ := url.ParseQuery(query)
	return values
}

// A target that is let in means one thing: net/http reads it as it stands, and no cleaning of the path changes it.
func FuzzPlainTarget(f *testing.F) {
	for _, target := range []string{
		"/", "/products/1?q=%2e", "/a/../b", "/a/%2e%2e/b", "//evil.example/", `/\evil.example`, "/a;b", "/a#b", "http://evil.example/", "*", "evil.example:443", "", "/a b", "/ä", "/a?b\r\nX: y",
		"/./", "/a/.", "/a/...", "/a?//../%", "/:@/",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !server.PlainTarget(target) {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: shop.example\r\n\r\n")))
		if err != nil {
			t.Fatalf("%q is let in, and net/http cannot read it: %v", target, err)
		}
		raw, query, _ := strings.Cut(target, "?")
		clean := path.Clean(raw)
		if len(raw) > 1 && strings.HasSuffix(raw, "/") {
			clean += "/"
		}
		if r.RequestURI != target || r.URL.Path != raw || r.URL.RawQuery != query || r.URL.Host != "" || r.Host != "shop.example" || clean != raw {
			t.Errorf("%q: net/http reads path %q, query %q, host %q %q; cleaned it is %q", target, r.URL.Path, r.URL.RawQuery, r.URL.Host, r.Host, clean)
		}
	})
}
