package storefront

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// ConfirmLogout is the page that asks whether to sign out, for a link from elsewhere.
func (p *Pages) ConfirmLogout(c *gin.Context) {
	p.render(c, http.StatusOK, "logout", "Sign out?", nil)
}

// Loop is a login that goes in a circle: why, and two links that lead out of it.
type Loop struct{ Cause, Again, Else string }

// Loop shows the page for it. Too many logins in too short a time is what 429 says (RFC 6585 §4).
func (p *Pages) Loop(c *gin.Context, loop Loop) {
	c.Header("Retry-After", "60")
	p.render(c, http.StatusTooManyRequests, "loop", "Signing in goes in a circle", struct {
		Loop
		RequestID string
	}{loop, server.RequestID(c)})
}

// problemPage is a problem as people see it.
type problemPage struct {
	problem.Document
	words
	Standing string // of whoever is signed in, where a role is missing
	Again    string // the address that may do better another time; "" is none
	SignIn   string // the address of a login that comes back
}

// Problem shows a problem to whoever visits a page or sends one of its forms; programs get the document.
func (p *Pages) Problem(c *gin.Context, d problem.Document) bool {
	if p.keep(c, d) {
		return true
	}
	if !auth.Navigates(c.Request) && !isForm(c) {
		return false
	}
	page := problemPage{Document: d, words: wordsFor(c, d), SignIn: signInFrom(c.Request)}
	if caller, ok := auth.From(c); ok && d.Status == http.StatusForbidden && len(auth.Needed(c)) > 0 {
		page.Standing = standing(c, caller.Roles)
	}
	if c.Request.Method == http.MethodGet {
		page.Again = another(c, d.Status)
	}
	p.render(c, d.Status, "problem", page.Heading, page)
	return true
}

// another is where to try once more: a new sign-in where one has failed, since its code is spent (RFC 6749 §4.1.2), or the same address
// where that may help.
func another(c *gin.Context, status int) string {
	switch {
	case c.FullPath() == "/oauth-redirect":
		return "/login"
	case mayPass(status):
		return c.Request.RequestURI
	default:
		return ""
	}
}

// mayPass reports whether the same request may do better another time.
func mayPass(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestHeaderFieldsTooLarge
}
