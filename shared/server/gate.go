package server

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// What is larger in bytes is not served.
const (
	MaxTarget = 2 << 10  // of a request target
	maxHeader = 16 << 10 // of a header, its request line included
)

// gate refuses a header that is too large, and request targets that two programs could read differently, before anything looks at them.
// Proxies were bypassed through each of these forms: dot segments, %2f, backslash, semicolon, absolute and opaque targets, and
// naming the bad ones never ended it; here only one plain form is let in.
func gate() gin.HandlerFunc {
	return func(c *gin.Context) {
		switch target := c.Request.RequestURI; {
		case len(target) > MaxTarget:
			problem.Respond(c, http.StatusRequestURITooLong, "The request target is too long.", errors.New("target too long"))
		case headerSize(c.Request) > maxHeader:
			c.Header("Connection", "close")
			problem.Respond(c, http.StatusRequestHeaderFieldsTooLarge, "The header of the request is too large.", errors.New("header too large"))
		case !PlainTarget(target):
			problem.Respond(c, http.StatusBadRequest, "The path is not in the plain form that is served here.", errors.New("target not plain"))
		}
	}
}

// headerSize is how much stood before the body in the least of ways to write it; net/http has not kept the blanks. The trailers that the
// header announces it has taken out.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(":") + len(value) + len("\r\n")
		}
	}
	for name := range r.Trailer {
		size += len(name) + len(",")
	}
	return size
}

// PlainTarget reports whether target is a request target in origin form (RFC 9112 §3.2.1) of printable ASCII, whose path has
// no %, ;, backslash, empty or dot segment.
func PlainTarget(target string) bool {
	if target == "" || target[0] != '/' || !printable(target) {
		return false
	}
	path, _, _ := strings.Cut(target, "?")
	return !strings.ContainsAny(path, `%;\`) && !strings.Contains(path, "//") && !dotSegment(path)
}

// printable reports whether s holds visible ASCII alone, and no # (a fragment is no part of a target).
func printable(s string) bool {
	for _, b := range []byte(s) {
		if b <= ' ' || b > '~' || b == '#' {
			return false
		}
	}
	return true
}

func dotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
