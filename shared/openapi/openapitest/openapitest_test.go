package openapitest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/shared/openapi"
	"storefront/shared/openapi/openapitest"
)

const shop = `
openapi: 3.1.0
info: {title: Shop, version: '1'}
paths:
  /cups/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 9}}
      responses:
        '200':
          description: a cup
          headers: {ETag: {required: true, schema: {type: string}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Cup'}}}
        '304': {description: the same}
        '404': {description: none, content: {application/problem+json: {}}}
    put:
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Cup'}}}
      responses:
        '204': {description: done}
        '400': {description: no, content: {application/problem+json: {}}}
components:
  schemas:
    Cup:
      type: object
      required: [name]
      properties:
        name: {type: string}
        price: {type: [integer, 'null']}
`

func contract(t testing.TB) *openapitest.Contract {
	t.Helper()
	d, err := openapi.Parse([]byte(shop))
	if err != nil {
		t.Fatal(err)
	}
	return openapitest.New(t, d.JSON())
}

func exchange(method, target, sent string, status int, body string, header ...string) openapitest.Exchange {
	x := openapitest.Exchange{Request: httptest.NewRequest(method, target, nil), Sent: []byte(sent), Status: status, Header: http.Header{}, Body: []byte(body)}
	x.Request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		x.Header.Set(header[i], header[i+1])
	}
	return x
}

func TestContract_Check(t *testing.T) {
	t.Parallel()
	const json, etag = "application/json", `"1"`
	tests := []struct {
		name  string
		given openapitest.Exchange
		fault string // "" is none
	}{
		{"as described", exchange("GET", "/cups/1", "", 200, `{"name":"x","price":null}`, "Content-Type", json, "ETag", etag), ""},
		{"HEAD, without a body", exchange("HEAD", "/cups/1", "", 200, "", "Content-Type", json, "ETag", etag), ""},
		{"304, without a body", exchange("GET", "/cups/1", "", 304, ""), ""},
		{"a bad request that is refused", exchange("GET", "/cups/one?limit=10", "", 404, "{}", "Content-Type", "application/problem+json"), ""},
		{"a bad body that is refused", exchange("PUT", "/cups/1", `{"name":1}`, 400, "{}", "Content-Type", "application/problem+json"), ""},
		{"no such path, and nothing there", exchange("GET", "/spoons", "", 404, ""), ""},
		{"no such path, though longer ones are", exchange("GET", "/cups", "", 404, ""), ""},
		{"an empty segment", exchange("GET", "/cups/", "", 404, ""), ""},
		{"no such method, and refused", exchange("DELETE", "/cups/1", "", 405, ""), ""},

		{"no such path, and something there", exchange("GET", "/spoons", "", 200, ""), "does not know it"},
		{"no such method, and done", exchange("DELETE", "/cups/1", "", 204, ""), "does not know it"},
		{"a status that is not described", exchange("GET", "/cups/1", "", 403, ""), "not one of GET /cups/{id}"},
		{"a 304 that is not described", exchange("PUT", "/cups/1", `{"name":"x"}`, 304, ""), "not one of PUT /cups/{id}"},
		{"a status of HEAD that is not described", exchange("HEAD", "/cups/1", "", 403, ""), "not one of GET /cups/{id}"},
		{"another media type", exchange("GET", "/cups/1", "", 200, "<p>", "Content-Type", "text/html", "ETag", etag), "text/html"},
		{"a header is missing", exchange("GET", "/cups/1", "", 200, `{"name":"x"}`, "Content-Type", json), "ETag"},
		{"a member is missing", exchange("GET", "/cups/1", "", 200, `{}`, "Content-Type", json, "ETag", etag), "name"},
		{"a member of another type", exchange("GET", "/cups/1", "", 200, `{"name":"x","price":"1"}`, "Content-Type", json, "ETag", etag), "price"},
		{"a member too many", exchange("GET", "/cups/1", "", 200, `{"name":"x","colour":"red"}`, "Content-Type", json, "ETag", etag), "colour"},
		{"a bad path that is taken", exchange("GET", "/cups/0", "", 200, `{"name":"x"}`, "Content-Type", json, "ETag", etag), "does not allow"},
		{"a bad parameter that is taken", exchange("GET", "/cups/1?limit=10", "", 304, ""), "does not allow"},
		{"a bad body that is taken", exchange("PUT", "/cups/1", `{"name":"x","colour":"red"}`, 204, ""), "does not allow"},
		{"no body, and taken", exchange("PUT", "/cups/1", "", 204, ""), "does not allow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := contract(t)
			got := strings.Join(c.Check(tt.given), "; ")
			if (tt.fault == "") != (got == "") || !strings.Contains(got, tt.fault) {
				t.Errorf("Check = %q, want %q", got, tt.fault)
			}
			if strings.Contains(got, "Schema:") {
				t.Errorf("it quotes the document: %s", got)
			}
		})
	}
}

func TestContract_Unseen(t *testing.T) {
	t.Parallel()
	c := contract(t)
	_ = c.Check(exchange("PUT", "/cups/1", "{}", 400, "{}", "Content-Type", "application/problem+json"))
	_ = c.Check(exchange("GET", "/cups/1", "", 200, `{}`))
	if diff := cmp.Diff([]string{"GET /cups/{id}", "PUT /cups/{id}"}, c.Unseen()); diff != "" {
		t.Errorf("after a refusal and a fault (-want +got)\n%s", diff)
	}
	_ = c.Check(exchange("PUT", "/cups/1", `{"name":"x"}`, 204, ""))
	if diff := cmp.Diff([]string{"GET /cups/{id}"}, c.Unseen()); diff != "" {
		t.Errorf("after a PUT (-want +got)\n%s", diff)
	}
}

func TestContract_Drift(t *testing.T) {
	t.Parallel()
	c := contract(t)
	if faults := c.Drift([]string{"GET /cups/:id", "HEAD /cups/:id", "PUT /cups/:id"}); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
	want := []string{
		"GET /cups is registered, and the document does not describe it",
		"HEAD /cups/{id} is registered, and the document does not describe it",
		"GET /cups/{id} is described, and nobody has registered it",
		"PUT /cups/{id} is described, and nobody has registered it",
	}
	if diff := cmp.Diff(want, c.Drift([]string{"GET /cups", "HEAD /cups/:id"})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":                      "{",
		"no paths":                     `{"openapi":"3.1.0","info":{"title":"x","version":"1"}}x`,
		"a parameter nobody describes": `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{"/a/{b}":{"get":{"responses":{"200":{"description":"x"}}}}}}`,
		"a reference to nothing":       `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/components/responses/x"}}}}}}`,
		"an example that does not fit": `{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"x","content":{"application/json":{"schema":{"type":"integer"},"example":"x"}}}}}}}}`,
	} {
		if _, err := openapitest.Read([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// record is a test that counts its faults.
type record struct {
	testing.TB
	faults []string
}

func (r *record) Errorf(format string, _ ...any) { r.faults = append(r.faults, format) }

func TestContract_Watch(t *testing.T) {
	t.Parallel()
	var received string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received = string(body)
		w.Header().Set("X-Passes", "yes")
		w.WriteHeader(http.StatusNoContent)
	})
	log := &record{TB: t}
	watched := contract(t).Watch(log, h)
	for _, body := range []string{`{"name":"x"}`, `{}`} {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodPut, "/cups/1", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		watched.ServeHTTP(w, req)
		if w.Code != http.StatusNoContent || w.Header().Get("X-Passes") != "yes" || received != body {
			t.Errorf("%s: %d %v, and the handler has read %q", body, w.Code, w.Header(), received)
		}
	}
	if len(log.faults) != 1 {
		t.Errorf("faults %q, want one of the second request", log.faults)
	}
}
