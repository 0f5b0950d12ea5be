package server

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// MaxTarget is the longest request target in bytes that is served.
const MaxTarget = 2 << 10

// gate refuses request targets that two programs could read differently, before anything looks at them. Proxies were bypassed
// through each of these forms (facts: dot segments, %2f, backslash, semicolon, absolute and opaque targets), and naming the bad
// ones never ended it; here only one plain form is let in.
func gate() gin.HandlerFunc {
	return func(c *gin.Context) {
		switch target := c.Request.RequestURI; {
		case len(target) > MaxTarget:
			problem.Respond(c, http.StatusRequestURITooLong, "The request target is too long.", errors.New("target too long"))
		case !PlainTarget(target):
			problem.Respond(c, http.StatusBadRequest, "The path is not in the plain form that is served here.", errors.New("target not plain"))
		}
	}
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
