// Package problem turns errors into HTTP answers.
//
// Every error body of the system is application/problem+json (RFC 9457) and keeps the two members of the article,
// status and message. A service owns one [Table] from its domain errors to answers; an error that no table knows is a
// fixed 500, so that nothing internal can leak by omission. The cause of an answer is recorded on the gin context
// (c.Error), where the access log finds it; the client never sees it.
package problem

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// ContentType is the media type of every error body (RFC 9457 §3).
const ContentType = "application/problem+json"

// RequestIDHeader carries the request id outward; the body repeats it as instance.
const RequestIDHeader = "X-Request-Id"

// Document is the body: the members of RFC 9457 §3.1 and the article's message.
type Document struct {
	Type     string `json:"type"`               // urn:storefront:problem:<slug>, or about:blank
	Title    string `json:"title"`              // the status in words
	Status   int    `json:"status"`             // the HTTP status, repeated
	Message  string `json:"message"`            // the title as the article writes it: UNAUTHORIZED
	Code     string `json:"code"`               // what programs tell problems apart by; docs/troubleshooting.md has each
	Detail   string `json:"detail,omitempty"`   // one safe sentence for the reader
	Instance string `json:"instance,omitempty"` // the request id
}

// Rule maps one domain error (compared with errors.Is) to its answer.
type Rule struct {
	Err    error
	Status int
	Slug   string // names the problem type; "" for about:blank
	Detail string // a safe sentence; never built from the error
}

// Table is a service's list of rules; the first match wins.
type Table []Rule

// Respond ends the request with the answer that the table has for err, or with a fixed 500.
func (t Table) Respond(c *gin.Context, err error) {
	cause(c, err)
	for _, r := range t {
		if errors.Is(err, r.Err) {
			write(c, Document{Status: r.Status, Type: r.Slug, Code: r.Slug, Detail: r.Detail})
			return
		}
	}
	write(c, Document{Status: http.StatusInternalServerError, Detail: "Something went wrong on our side."})
}

// Respond ends the request with status and one safe sentence; cause, when there is one, goes to the log alone.
func Respond(c *gin.Context, status int, detail string, err error) {
	cause(c, err)
	write(c, Document{Status: status, Detail: detail})
}

// Unauthorized ends the request with a 401 in one text for every cause. tokenSent says that the client sent a token,
// which RFC 6750 §3.1 answers with error="invalid_token"; without one there is no error code.
func Unauthorized(c *gin.Context, tokenSent bool, err error) {
	cause(c, err)
	reason := ""
	if tokenSent {
		reason = "invalid_token"
	}
	Challenge(c, reason)
	write(c, Document{Status: http.StatusUnauthorized, Detail: "A valid token is required."})
}

// Forbidden ends the request with a 403: the caller is known and lacks the role (RFC 6750 §3.1).
func Forbidden(c *gin.Context, err error) {
	cause(c, err)
	Challenge(c, "insufficient_scope")
	write(c, Document{Status: http.StatusForbidden, Code: "role-missing", Detail: "You are signed in, but your roles do not allow this."})
}

// Challenge says how to authenticate (RFC 6750 §3), and where that is described, if anywhere (RFC 9728 §5.1).
func Challenge(c *gin.Context, reason string) {
	var params []string
	if reason != "" {
		params = append(params, `error="`+reason+`"`)
	}
	if metadata := c.GetString(metadataKey); metadata != "" {
		params = append(params, `resource_metadata="`+metadata+`"`)
	}
	c.Header("WWW-Authenticate", strings.TrimSpace("Bearer "+strings.Join(params, ", ")))
}

const (
	metadataKey = "problem.resource_metadata"
	pageKey     = "problem.page"
)

// ProtectedResource returns the middleware with which challenges name the metadata of the resource (RFC 9728).
func ProtectedResource(metadata string) gin.HandlerFunc {
	return func(c *gin.Context) { c.Set(metadataKey, metadata) }
}

// Page shows a problem to a person, or reports false where a program asks, which gets the JSON body.
type Page func(c *gin.Context, d Document) bool

// Pages returns the middleware with which page shows the problems of a site.
func Pages(page Page) gin.HandlerFunc {
	return func(c *gin.Context) { c.Set(pageKey, page) }
}

// Unavailable ends the request with a 503 and asks the client to come back after a second (RFC 9110 §10.2.3).
func Unavailable(c *gin.Context, detail string, err error) {
	c.Header("Retry-After", "1")
	Respond(c, http.StatusServiceUnavailable, detail, err)
}

func cause(c *gin.Context, err error) {
	if err != nil {
		_ = c.Error(err)
	}
}

// write completes the document and sends it. Type is a slug so far.
func write(c *gin.Context, d Document) {
	d = complete(c, d)
	if !Show(c, d) {
		send(c, d.Status, d)
	}
}

// Show ends the request with the site's page for a problem, which may be another service's. It reports false where the site has none,
// or a program asks.
func Show(c *gin.Context, d Document) bool {
	page, ok := c.Value(pageKey).(Page)
	if !ok || !page(c, d) {
		return false
	}
	c.Abort()
	return true
}

func complete(c *gin.Context, d Document) Document {
	d.Title = http.StatusText(d.Status)
	if d.Type == "" {
		d.Type = "about:blank"
	} else {
		d.Type = "urn:storefront:problem:" + d.Type
	}
	if d.Code == "" {
		d.Code = strings.ReplaceAll(strings.ToLower(d.Title), " ", "-")
	}
	d.Message = strings.ToUpper(strings.ReplaceAll(d.Title, " ", "_"))
	d.Instance = c.Writer.Header().Get(RequestIDHeader)
	c.Header("Cache-Control", "no-store")
	return d
}

func send(c *gin.Context, status int, body any) {
	c.Header("Content-Type", ContentType)
	c.AbortWithStatusJSON(status, body)
}
