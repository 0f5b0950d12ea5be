package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/problem"
	"storefront/shared/server"
)

type order struct {
	Name  string   `json:"name"`
	Count int64    `json:"count"`
	Gift  bool     `json:"gift,omitzero"`
	Lines []line   `json:"lines,omitzero"`
	Tags  []string `json:"tags,omitzero"`
}

type line struct {
	Product int64 `json:"product"`
}

// order sends a body to a handler that reads an order.
func sendOrder(t testing.TB, body string, header ...string) (*httptest.ResponseRecorder, order) {
	t.Helper()
	var got order
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json")})
	if err != nil {
		t.Fatal(err)
	}
	r.POST("/orders", func(c *gin.Context) {
		if o, ok := server.JSON[order](c); ok {
			got = o
			c.Status(http.StatusNoContent)
		}
	})
	req := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w, got
}

func TestJSON(t *testing.T) {
	t.Parallel()
	w, got := sendOrder(t, ` {"count": 9007199254740993, "name": "a\u00e9", "lines": [{"product": 7}], "tags": []} `, "Content-Type", "application/json; charset=UTF-8")
	want := order{Name: "aé", Count: 9007199254740993, Lines: []line{{7}}, Tags: []string{}}
	if diff := cmp.Diff(want, got); w.Code != http.StatusNoContent || diff != "" {
		t.Errorf("%d %s (-want +got)\n%s", w.Code, w.Body, diff)
	}
}

func TestJSON_refuses(t *testing.T) {
	t.Parallel()
	const good = `{"name":"a","count":1}`
	for name, tt := range map[string]struct{ body, errors string }{
		"nothing":                      {"", ""},
		"no JSON":                      {"name=a", ""},
		"half":                         {good[:10], ""},
		"a list":                       {"[" + good + "]", ""},
		"a text":                       {`"a"`, ""},
		"something behind it":          {good + "{}", ""},
		"a bracket behind it":          {good + "}", ""},
		"a byte order mark":            {"\ufeff" + good, ""},
		"no UTF-8":                     {"{\"name\":\"\xff\",\"count\":1}", ""},
		"nested without end":           {`{"name":` + strings.Repeat("[", 100_000), ""},
		"a comment":                    {`{"name":"a",/**/"count":1}`, ""},
		"null":                         {"null", ": must not be null"},
		"nothing in it":                {"{}", "name: is required, count: is required"},
		"null for a value":             {`{"name":null,"count":1}`, "name: must not be null"},
		"null in a list":               {`{"name":"a","count":1,"tags":[null]}`, "tags.0: must not be null"},
		"an unknown member":            {`{"name":"a","count":1,"admin":true}`, "admin: is not known here"},
		"an unknown object":            {`{"name":"a","count":1,"x":{"y":[{}]}}`, "x: is not known here"},
		"another case of a name":       {`{"name":"a","Count":1,"count":1}`, "Count: is not known here"},
		"a long s in a name":           {`{"name":"a","count":1,"line\u017f":[]}`, "lineſ: is not known here"},
		"a name twice":                 {`{"name":"a","count":1,"count":2}`, "count: stands here twice"},
		"a name twice, escaped":        {`{"name":"a","count":1,"c\u006funt":2}`, "count: stands here twice"},
		"in the middle of a list":      {`{"name":"a","count":1,"lines":[{"product":1},{"product":1,"product":2},{"x":1}]}`, "lines.1.product: stands here twice, lines.2.x: is not known here, lines.2.product: is required"},
		"types":                        {`{"name":1,"count":"1","gift":"yes","lines":{},"tags":"a"}`, "name: must be a text, count: must be an integer of 64 bits, gift: must be true or false, lines: must be a list, tags: must be a list"},
		"a type within":                {`{"name":"a","count":1,"lines":[{"product":"7"}]}`, "lines.product: must be an integer of 64 bits"},
		"a fraction":                   {`{"name":"a","count":1.5}`, "count: must be an integer of 64 bits"},
		"an exponent":                  {`{"name":"a","count":1e3}`, "count: must be an integer of 64 bits"},
		"too large an integer":         {`{"name":"a","count":9223372036854775808}`, "count: must be an integer of 64 bits"},
		"a number of no end":           {`{"name":"a","count":` + strings.Repeat("9", 100_000) + `}`, "count: must be an integer of 64 bits"},
		"an object for a text":         {`{"name":{"a":1},"count":1}`, "name: must be a text"},
		"a name that is much too long": {`{"name":"a","count":1,"` + strings.Repeat("x", 5000) + `":1}`, strings.Repeat("x", 100) + ": is not known here"},
	} {
		w, _ := sendOrder(t, tt.body)
		var body struct {
			problem.Document
			Errors []problem.Field
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		faults := make([]string, len(body.Errors))
		for i, f := range body.Errors {
			faults[i] = f.Name + ": " + f.Message
		}
		if got := strings.Join(faults, ", "); w.Code != http.StatusBadRequest || got != tt.errors {
			t.Errorf("%s = %d %q, want 400 %q", name, w.Code, got, tt.errors)
		}
	}
}

func TestJSON_boundsWhatItAnswers(t *testing.T) {
	t.Parallel()
	var members strings.Builder
	for i := range 10_000 {
		members.WriteString(`,"x` + strconv.Itoa(i) + `":1`)
	}
	if w, _ := sendOrder(t, `{"name":"a","count":1`+members.String()+"}"); w.Code != http.StatusBadRequest || w.Body.Len() > 4<<10 {
		t.Errorf("%d with %d bytes, want a short 400", w.Code, w.Body.Len())
	}
}

func TestJSON_mediaType(t *testing.T) {
	t.Parallel()
	for name, header := range map[string][]string{
		"none":        {"Content-Type", ""},
		"a form":      {"Content-Type", "application/x-www-form-urlencoded"},
		"text":        {"Content-Type", "text/plain"},
		"like JSON":   {"Content-Type", "application/json-patch+json"},
		"no type":     {"Content-Type", ";;"},
		"UTF-16":      {"Content-Type", "application/json; charset=utf-16"},
		"compressed":  {"Content-Encoding", "gzip"},
		"two of them": {"Content-Type", "application/json, text/plain"},
	} {
		if w, _ := sendOrder(t, `{"name":"a","count":1}`, header...); w.Code != http.StatusUnsupportedMediaType || w.Header().Get("Accept") != "application/json" {
			t.Errorf("%s = %d %v, want 415", name, w.Code, w.Header())
		}
	}
	if w, _ := sendOrder(t, `{"name":"`+strings.Repeat("a", 1<<20)+`","count":1}`); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of a megabyte = %d, want 413", w.Code)
	}
}
