package auth

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

type principalKey struct{}

// Authenticate returns the middleware that lets requests pass which carry a valid token of a kind in accept, and makes
// their principal known to [From] and the access log. The others are a 401; with a loginRedirect, page visits of a
// browser go there instead (the article's option). A key set that cannot answer is a 503.
func Authenticate(v *Verifier, accept Kind, loginRedirect string) gin.HandlerFunc {
	if v == nil || accept&AnyToken == 0 {
		panic("auth: Authenticate needs a Verifier and a kind of token to accept")
	}
	return func(c *gin.Context) {
		p, err := authenticate(v, accept, c.Request)
		if err != nil {
			refuse(c, err, loginRedirect)
			return
		}
		Pass(c, p)
	}
}

func authenticate(v *Verifier, accept Kind, r *http.Request) (Principal, error) {
	token, err := BearerToken(r)
	if err != nil {
		return Principal{}, err
	}
	p, err := v.Verify(r.Context(), token, Target{Method: r.Method, URI: r.RequestURI})
	if err == nil && p.Kind&accept == 0 {
		err = ErrNotTaken
	}
	return p, err
}

func refuse(c *gin.Context, err error, loginRedirect string) {
	refusal, refused := errors.AsType[Refusal](err)
	switch {
	case !refused:
		problem.Unavailable(c, "Tokens cannot be checked at the moment.", err)
	case loginRedirect != "" && Navigates(c.Request):
		_ = c.Error(err)
		c.Header("Cache-Control", "no-store")
		c.Redirect(http.StatusFound, loginRedirect)
		c.Abort()
	default:
		problem.Unauthorized(c, refusal.TokenSent(), err)
	}
}

// RequireRole returns the middleware that lets callers pass who have one of the roles; the others are a 403, with a
// Location where forbiddenLocation is set (the article's answer). It stands behind [Authenticate]; alone it is a 500.
func RequireRole(forbiddenLocation string, roles ...Role) gin.HandlerFunc {
	if len(roles) == 0 {
		panic("auth: RequireRole needs a role")
	}
	return func(c *gin.Context) {
		p, ok := From(c)
		if !ok {
			problem.Table(nil).Respond(c, errNoPrincipal)
			return
		}
		c.Set(neededKey{}, roles)
		if !p.Has(roles...) {
			Forbid(c, forbiddenLocation, fmt.Sprintf("lacks_role: has %v, needs one of %v", p.Roles, roles))
		}
	}
}

type neededKey struct{}

// Needed returns the roles of which the route asks for one, as far as the request has got to [RequireRole].
func Needed(c *gin.Context) []Role {
	v, _ := c.Get(neededKey{})
	roles, _ := v.([]Role)
	return roles
}

// From returns the caller that [Authenticate] let pass.
func From(c *gin.Context) (Principal, bool) {
	v, _ := c.Get(principalKey{})
	p, ok := v.(Principal)
	return p, ok
}

// Navigates reports whether the request is a browser's visit to a page, which a redirect can help: a GET that names
// text/html among what it accepts. A program that asks for */* wants the status.
func Navigates(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	for _, accept := range r.Header["Accept"] {
		for part := range strings.SplitSeq(accept, ",") {
			if kind, _, _ := mime.ParseMediaType(part); kind == "text/html" {
				return true
			}
		}
	}
	return false
}
