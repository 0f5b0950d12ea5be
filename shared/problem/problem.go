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
			write(c, r.Status, r.Slug, r.Detail)
			return
		}
	}
	write(c, http.StatusInternalServerError, "", "Something went wrong on our side.")
}

// Respond ends the request with status and one safe sentence; cause, when there is one, goes to the log alone.
func Respond(c *gin.Context, status int, detail string, err error) {
	cause(c, err)
	write(c, status, "", detail)
}

// Unauthorized ends the request with a 401 in one text for every cause. tokenSent says that the client sent a token,
// which RFC 6750 §3.1 answers with error="invalid_token"; without one there is no error code.
func Unauthorized(c *gin.Context, tokenSent bool, err error) {
	challenge := "Bearer"
	if tokenSent {
		challenge = `Bearer error="invalid_token"`
	}
	c.Header("WWW-Authenticate", challenge)
	Respond(c, http.StatusUnauthorized, "A valid token is required.", err)
}

// Forbidden ends the request with a 403: the caller is known and lacks the role (RFC 6750 §3.1).
func Forbidden(c *gin.Context, err error) {
	c.Header("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	Respond(c, http.StatusForbidden, "You are signed in, but your roles do not allow this.", err)
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

func write(c *gin.Context, status int, slug, detail string) {
	kind := "about:blank"
	if slug != "" {
		kind = "urn:storefront:problem:" + slug
	}
	title := http.StatusText(status)
	c.Header("Content-Type", ContentType)
	c.Header("Cache-Control", "no-store")
	c.AbortWithStatusJSON(status, Document{
		Type:     kind,
		Title:    title,
		Status:   status,
		Message:  strings.ToUpper(strings.ReplaceAll(title, " ", "_")),
		Detail:   detail,
		Instance: c.Writer.Header().Get(RequestIDHeader),
	})
}
