package openapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Exchange is a request and its answer, as they passed.
type Exchange struct {
	Request *http.Request // its Body is not read
	Sent    []byte
	Status  int
	Header  http.Header
	Body    []byte
}

// Check says what of the exchange the document does not allow. An answer must be one that is described: its status for this operation, its
// headers, its media type and its body. A request that breaks the rules of the document must not have succeeded; which of the refusals it
// gets is not the document's business, since it may lack the right to ask at all.
func (c *Contract) Check(x Exchange) []string {
	req := x.Request.Clone(context.Background())
	if req.Method == http.MethodHead {
		req.Method = http.MethodGet // whose answer it would have had (RFC 9110 §9.3.2)
	}
	req.Body = io.NopCloser(bytes.NewReader(x.Sent))
	route, params, err := c.router.FindRoute(req)
	if err != nil || !fits(route.Path, req.URL.Path) {
		return c.checkUnknown(x)
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true, SkipSettingDefaults: true,
		ExcludeResponseBody: x.Request.Method == http.MethodHead || x.Status == http.StatusNotModified,
	}}
	var faults []string
	if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil && x.Status < http.StatusBadRequest {
		faults = append(faults, fmt.Sprintf("%d for a request that %s %s does not allow: %s", x.Status, route.Method, route.Path, reason(err)))
	}
	if err := c.checkAnswer(in, x); err != nil {
		faults = append(faults, fmt.Sprintf("the answer %d is not one of %s %s: %s", x.Status, route.Method, route.Path, reason(err)))
	}
	if len(faults) == 0 && x.Status < http.StatusBadRequest {
		c.mu.Lock()
		c.done[route.Method+" "+route.Path] = true
		c.mu.Unlock()
	}
	return faults
}

// fits reports whether a path is one of the template. The library's router finds /cups/{id} for /cups and for /cups/ too.
func fits(template, path string) bool {
	return strings.Count(template, "/") == strings.Count(path, "/") && (path == "/" || !strings.HasSuffix(path, "/"))
}

// checkUnknown is for requests that the document does not know.
func (c *Contract) checkUnknown(x Exchange) []string {
	if x.Status < http.StatusBadRequest {
		return []string{fmt.Sprintf("%s %s answers %d, and the document does not know it", x.Request.Method, x.Request.URL.Path, x.Status)}
	}
	return nil
}

func (c *Contract) checkAnswer(in *openapi3filter.RequestValidationInput, x Exchange) error {
	if !described(in.Route, x.Status) { // the library passes over some statuses
		return errors.New("its status is not described")
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: x.Status, Header: x.Header, Options: in.Options}
	return openapi3filter.ValidateResponse(in.Request.Context(), out.SetBodyBytes(x.Body))
}

func described(route *routers.Route, status int) bool {
	return route.Operation.Responses.Status(status) != nil || route.Operation.Responses.Default() != nil
}

// reason is an error without the documents that the library quotes in it: a schema is longer than the fault.
func reason(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if strings.HasPrefix(strings.TrimSpace(line), "Schema:") {
			break
		}
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if schema, is := errors.AsType[*openapi3.SchemaError](err); is && len(lines) == 0 {
		return schema.Reason
	}
	return strings.Join(lines, " ")
}

// Watch returns h with every exchange checked, and each fault reported to t.
func (c *Contract) Watch(t testing.TB, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: read body: %v", r.Method, r.URL, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
		asked, rec := r.Clone(r.Context()), httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for _, fault := range c.Check(Exchange{Request: asked, Sent: sent, Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes()}) {
			t.Errorf("%s %s: %s", r.Method, r.URL, fault)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}
