package apidocs_test

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/apidocs"
	"storefront/shared/server"
)

const source = `
openapi: 3.1.0
info: {title: Door, version: '1', summary: The <b>door</b>., description: 'Say ` + "`please`" + `.'}
tags: [{name: Own, description: Ours.}]
security: [{session: []}, {userToken: []}]
x-forwarded:
  public: {security: [], responses: {'502': {$ref: '#/components/responses/Bad'}}}
  user: {security: [{session: []}], responses: {'302': {$ref: '#/components/responses/Login'}, '401': {$ref: '#/components/responses/Bad'}}}
  write: {security: [{session: []}], responses: {'408': {$ref: '#/components/responses/Bad'}}}
paths:
  /health: {get: {tags: [Own], summary: Ours, security: [], responses: {'200': {description: ours}}}}
components:
  responses:
    Bad: {description: bad, content: {application/problem+json: {schema: {$ref: '#/components/schemas/Problem'}}, text/html: {}}}
    Login: {description: to the login}
  schemas:
    Problem: {type: object, properties: {status: {type: integer}}}
    ID: {type: integer}
`

const cups = `{"openapi":"3.1.0","info":{"title":"Cups","version":"1"},"security":[{"userToken":[]}],
"tags":[{"name":"Cups"},{"name":"Unused"},{"name":"Inner"}],
"paths":{
 "/health":{"get":{"tags":["Inner"],"responses":{"200":{"description":"theirs"}}}},
 "/inner":{"get":{"tags":["Inner"],"responses":{"200":{"description":"not forwarded"}}}},
 "/cups/{id}":{
  "parameters":[{"name":"id","in":"path","required":true,"schema":{"$ref":"#/components/schemas/ID"},"example":7}],
  "get":{"tags":["Cups"],"summary":"Shows a cup","security":[{"gatewayToken":[]},{"userToken":[]}],"responses":{
   "200":{"description":"a cup","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Cup"}}}},
   "302":{"description":"inner login"},"304":{"description":"same"},"401":{"description":"inner token"},
   "404":{"$ref":"#/components/responses/None"}}},
  "delete":{"tags":["Cups"],"summary":"Breaks a cup","responses":{"204":{"description":"gone"},"404":{"$ref":"#/components/responses/None"}}},
  "put":{"tags":["Cups"],"responses":{"204":{"description":"not forwarded"}}}}},
"components":{
 "responses":{"None":{"description":"none","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}},
 "schemas":{"ID":{"type":"integer"},"Problem":{"type":"object","properties":{"code":{"type":"string"}}},
  "Cup":{"type":"object","properties":{"id":{"$ref":"#/components/schemas/ID"},"why":{"$ref":"#/components/schemas/Problem"}}}}}}`

// well is where the one service's document comes from.
type well struct {
	text    atomic.Value // a string; "" is an error
	fetches atomic.Int64
	ahead   atomic.Int64 // of the clock
	log     recorder
}

func (w *well) now() time.Time {
	return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).Add(time.Duration(w.ahead.Load()))
}

func (w *well) fetch(context.Context) (json.RawMessage, error) {
	w.fetches.Add(1)
	if text := w.text.Load().(string); text != "" {
		return json.RawMessage(text), nil
	}
	return nil, errors.New("away")
}

// recorder keeps what is logged.
type recorder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// newDoor serves the documentation of a gateway with three routes beside.
func newDoor(t testing.TB, text string) (http.Handler, *well) {
	t.Helper()
	w := &well{}
	w.text.Store(text)
	docs, err := apidocs.New(apidocs.Config{
		Source: []byte(source), URL: "http://door", Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: w.now,
		Services: []apidocs.Service{{Name: "cups", Fetch: w.fetch}},
	})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	docs.Mount(r, func(c *gin.Context, title string, body template.HTML) {
		c.Data(http.StatusOK, "text/html", []byte("<title>"+title+"</title>"+string(body)))
	})
	server.Get(r, "/health", server.NotFound)
	server.Get(r, "/cups/:id", server.NotFound)
	r.DELETE("/cups/:id", server.NotFound)
	return r, w
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

func TestDocument_isMerged(t *testing.T) {
	t.Parallel()
	h, w := newDoor(t, cups)
	var got map[string]any
	if err := json.Unmarshal(get(h, "/openapi.json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	problem := func(description, schema string, page bool) string {
		if page {
			return `{"description":"` + description + `","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/` + schema + `"}},"text/html":{}}}`
		}
		return `{"description":"` + description + `","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/` + schema + `"}}}}`
	}
	parameters := `"parameters":[{"name":"id","in":"path","required":true,"schema":{"$ref":"#/components/schemas/ID"},"example":7}]`
	var want map[string]any
	text := `{"openapi":"3.1.0","info":{"title":"Door","version":"1","summary":"The <b>door</b>.","description":"Say ` + "`please`" + `."},
	"servers":[{"url":"http://door"}],"security":[{"session":[]},{"userToken":[]}],
	"tags":[{"name":"Cups"},{"name":"Own","description":"Ours."}],
	"paths":{
	 "/health":{"get":{"tags":["Own"],"summary":"Ours","security":[],"responses":{"200":{"description":"ours"}}}},
	 "/cups/{id}":{
	  "get":{"tags":["Cups"],"summary":"Shows a cup","security":[],` + parameters + `,"responses":{
	   "200":{"description":"a cup","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Cup"}}}},
	   "304":{"description":"same"},"404":` + problem("none", "cups.Problem", true) + `,"502":` + problem("bad", "Problem", true) + `}},
	  "delete":{"tags":["Cups"],"summary":"Breaks a cup","security":[{"session":[]}],` + parameters + `,"responses":{
	   "204":{"description":"gone"},"404":` + problem("none", "cups.Problem", false) + `,"408":` + problem("bad", "Problem", false) + `}}}},
	"components":{
	 "responses":{"Bad":` + problem("bad", "Problem", true) + `,"Login":{"description":"to the login"}},
	 "schemas":{"ID":{"type":"integer"},"Problem":{"type":"object","properties":{"status":{"type":"integer"}}},
	  "cups.Problem":{"type":"object","properties":{"code":{"type":"string"}}},
	  "Cup":{"type":"object","properties":{"id":{"$ref":"#/components/schemas/ID"},"why":{"$ref":"#/components/schemas/cups.Problem"}}}}}}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, route := range []string{"get /docs", "get /openapi.json"} {
		if !strings.Contains(w.log.String(), `route="`+route+`"`) {
			t.Errorf("the log does not tell that nobody describes %s: %s", route, w.log.String())
		}
	}
	if strings.Contains(w.log.String(), "/cups") {
		t.Errorf("the log: %s", w.log.String())
	}
}

// Documents come from elsewhere: whatever they say, there is an answer.
func TestDocument_ofAStrangeService(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not JSON":      `<html>`,
		"no paths":      `{"openapi":"3.1.0"}`,
		"another shape": `{"paths":{"/cups/{id}":{"get":{"tags":[1],"security":["x"],"parameters":{},"responses":{"x":1,"200":{"$ref":"#/a"}}}}},"tags":[1],"components":{"schemas":[]}}`,
		"a circle":      `{"paths":{"/cups/{id}":{"get":{"tags":["C"],"responses":{"200":{"$ref":"#/a"}}}}},"a":{"$ref":"#/a"},"tags":[{"name":"C"}]}`,
		"a list of itself": `{"paths":{"/cups/{id}":{"get":{"tags":["C"],"responses":{"200":{"description":"A"}}}}},"tags":[{"name":"C"}],
			"components":{"schemas":{"L":{"type":"array","items":{"$ref":"#/components/schemas/L"}},"O":{"properties":{"p":{"$ref":"#/components/schemas/L"}}}}}}`,
	} {
		h, _ := newDoor(t, text)
		for _, target := range []string{"/openapi.json", "/docs"} {
			if w := get(h, target); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "/health") {
				t.Errorf("%s: %s = %d %.300s", name, target, w.Code, w.Body)
			}
		}
	}
}

func TestDocument_growsOld(t *testing.T) {
	t.Parallel()
	h, w := newDoor(t, "")
	want := func(when string, part bool, fetches int64) {
		t.Helper()
		body := get(h, "/openapi.json").Body.String()
		if strings.Contains(body, "/cups/{id}") != part || strings.Contains(body, `"x-left-out":["cups"]`) == part || w.fetches.Load() != fetches {
			t.Errorf("%s: the part is there = %t, after %d fetches; want %t, %d", when, !part, w.fetches.Load(), part, fetches)
		}
	}
	settle := func(fetches int64) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); w.fetches.Load() < fetches; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d fetches, want %d", w.fetches.Load(), fetches)
			}
		}
	}
	want("never there", false, 1)
	want("at once again", false, 1)
	w.text.Store(cups)
	w.ahead.Add(int64(time.Second))
	want("there", true, 2)
	etag := get(h, "/openapi.json").Header().Get("ETag")
	w.text.Store("")
	w.ahead.Add(int64(time.Hour))
	if got := get(h, "/openapi.json"); got.Header().Get("ETag") != etag || !strings.Contains(got.Body.String(), "/cups/{id}") {
		t.Error("old, and being fetched: it is not what it was")
	}
	settle(3)
	w.ahead.Add(int64(24 * time.Hour))
	if got := get(h, "/docs").Body.String(); !strings.Contains(got, "/cups/{id}") || strings.Contains(got, "cannot be reached") {
		t.Error("away for a day: it is not what it was")
	}
	if !strings.Contains(w.log.String(), "no document of a service") {
		t.Errorf("the log does not tell: %s", w.log.String())
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	h, _ := newDoor(t, cups)
	page := get(h, "/docs").Body.String()
	for _, want := range []string{
		"The &lt;b&gt;door&lt;/b&gt;.", "Say <code>please</code>.", `<h2 id="tag-cups-title">Cups</h2>`, `<article class="panel operation" id="get-cups-id"`,
		"For <strong>everybody</strong>", "curl &#39;http://door/cups/7&#39;", "curl -X DELETE &#39;http://door/cups/7&#39;", `<a href="#schema-cups.Problem">cups.Problem</a>`,
		`id="schema-cups.Problem"`, `<title>API</title>`, "<h1>API</h1>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, id := range []string{"get-cups-id", "tag-cups", "schema-Cup"} {
		if strings.Count(page, `id="`+id+`"`) != 1 {
			t.Errorf("id %s stands there %d times", id, strings.Count(page, `id="`+id+`"`))
		}
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	if _, err := apidocs.New(apidocs.Config{Source: []byte("paths: [")}); err == nil {
		t.Error("a source that is no YAML is taken")
	}
}
