// Package openapi serves the description that a program gives of its own surface: an OpenAPI 3.1 document, written by hand in YAML beside
// the routes, embedded, and served as JSON. Package openapitest holds the routes and their answers to it.
//
//	//go:embed openapi.yaml
//	var description []byte
//
//	server.Get(r, openapi.Path, anyToken, openapi.MustParse(description).Serve)
package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"
)

// Path is where every program serves its document.
const Path = "/openapi.json"

// Document is a description, ready to be served. It never changes.
type Document struct {
	text []byte
	etag string
}

// Parse makes a document of its source in YAML.
func Parse(source []byte) (*Document, error) {
	var root any
	if err := yaml.Unmarshal(source, &root); err != nil {
		return nil, fmt.Errorf("parse openapi document: %w", err)
	}
	text, err := json.Marshal(root) // which refuses what JSON cannot say, such as a key that is no text
	if err != nil {
		return nil, fmt.Errorf("parse openapi document: %w", err)
	}
	return New(text), nil
}

// MustParse is Parse for a source that is part of the program, where a fault is one of the build.
func MustParse(source []byte) *Document {
	d, err := Parse(source)
	if err != nil {
		panic(err)
	}
	return d
}

// New makes a document of its JSON.
func New(text []byte) *Document {
	sum := sha256.Sum256(text)
	return &Document{text: text, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// JSON is the text of the document.
func (d *Document) JSON() []byte { return d.text }

// Serve answers with the document, or with 304 to a client that has it (RFC 9110 §13.1.2). Caches keep it and ask each time.
func (d *Document) Serve(c *gin.Context) {
	c.Header("Content-Type", "application/json")
	c.Header("Cache-Control", "no-cache")
	c.Header("ETag", d.etag)
	c.Request.Header.Del("Range") // a part of a description is of no use (RFC 9110 §14.2 lets us send the whole)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(d.text))
}
