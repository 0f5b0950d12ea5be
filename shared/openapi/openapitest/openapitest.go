// Package openapitest holds programs to their OpenAPI documents: the routes that they register, and what passes over HTTP. It is for tests
// alone.
//
//	contract := openapitest.New(t, document.JSON())
//	contract.MatchRoutes(t, router.Routes())
//	watched := contract.Watch(t, router) // every exchange with it is checked
//	…
//	for _, operation := range contract.Unseen() { … }
package openapitest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/gin-gonic/gin"
)

// Contract is a document to hold a program to. It is safe for concurrent use.
type Contract struct {
	doc    *openapi3.T
	router routers.Router

	mu   sync.Mutex
	done map[string]bool // operations that were seen to do what they are for
}

// New returns the contract of a document, which must be a valid one.
func New(t testing.TB, text []byte) *Contract {
	t.Helper()
	c, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Read is New without a test. An object of an answer must have no member that the document does not name, though to clients that is left
// open: what they are not told of would be drift.
func Read(text []byte) (*Contract, error) {
	var root any
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read openapi document: %w", err)
	}
	closeObjects(root)
	text, err := json.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("read openapi document: %w", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("read openapi document: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableSchemaPatternValidation()); err != nil {
		return nil, fmt.Errorf("validate openapi document: %w", err)
	}
	doc.Servers = nil // requests come to any address
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("route openapi document: %w", err)
	}
	return &Contract{doc: doc, router: router, done: map[string]bool{}}, nil
}

// closeObjects says of every schema with properties that it has no others, unless it says something itself.
func closeObjects(v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			closeObjects(element)
		}
	case map[string]any:
		_, isObject := v["properties"].(map[string]any)
		if _, says := v["additionalProperties"]; isObject && !says {
			v["additionalProperties"] = false
		}
		for _, member := range v {
			closeObjects(member)
		}
	}
}

// Operations lists what the document describes, as "GET /products/{id}".
func (c *Contract) Operations() []string {
	var operations []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			operations = append(operations, method+" "+path)
		}
	}
	slices.Sort(operations)
	return operations
}

// Unseen lists the operations of which no exchange was checked that ended well: nobody has compared what they are for.
func (c *Contract) Unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.Operations(), func(operation string) bool { return c.done[operation] })
}

// MatchRoutes fails unless the document describes every route that is registered, and no other. HEAD goes with GET (RFC 9110 §9.3.2).
func (c *Contract) MatchRoutes(t testing.TB, routes gin.RoutesInfo) {
	t.Helper()
	registered := make([]string, 0, len(routes))
	for _, r := range routes {
		registered = append(registered, r.Method+" "+r.Path)
	}
	for _, fault := range c.Drift(registered) {
		t.Error(fault)
	}
}

// Drift says which routes, as "GET /products/:id", the document lacks, and which operations nobody has registered.
func (c *Contract) Drift(routes []string) []string {
	var faults, registered []string
	for _, route := range routes {
		if head, is := strings.CutPrefix(route, http.MethodHead+" "); is && slices.Contains(routes, http.MethodGet+" "+head) {
			continue
		}
		registered = append(registered, Template(route))
	}
	described := c.Operations()
	for _, operation := range registered {
		if !slices.Contains(described, operation) {
			faults = append(faults, operation+" is registered, and the document does not describe it")
		}
	}
	for _, operation := range described {
		if !slices.Contains(registered, operation) {
			faults = append(faults, operation+" is described, and nobody has registered it")
		}
	}
	return faults
}

// Template writes a route as OpenAPI does: /products/:id is /products/{id}.
func Template(route string) string {
	segments := strings.Split(route, "/")
	for i, segment := range segments {
		if name, is := strings.CutPrefix(segment, ":"); is {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.Join(segments, "/")
}
