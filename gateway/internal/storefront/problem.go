package storefront

import (
	"net/http"
	"slices"
	"strings"

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
	Has    string // the roles of whoever is signed in
	Needs  string // what the address asks for; "" when that is not the problem
	Again  string // the address that was asked for, where asking once more may help
	SignIn string // the address of a login that comes back
}

// Problem shows a problem to whoever visits a page or sends one of its forms; programs get the document.
func (p *Pages) Problem(c *gin.Context, d problem.Document) bool {
	if p.keep(c, d) {
		return true
	}
	if !auth.Navigates(c.Request) && !isForm(c) {
		return false
	}
	page := problemPage{Document: d, SignIn: signInFrom(c.Request)}
	if d.Status == http.StatusForbidden {
		if caller, ok := auth.From(c); ok {
			page.Has, page.Needs = roleList(caller.Roles, " and "), needs(c)
		}
	}
	if d.Status >= http.StatusInternalServerError && c.Request.Method == http.MethodGet {
		page.Again = c.Request.RequestURI
	}
	p.render(c, d.Status, "problem", d.Title, page)
	return true
}

// forms are the routes that take forms, and the fields of each.
var forms = map[string][]string{
	"/account/sessions/:handle/end": {},
	"/edit/new":                     editFields,
	"/edit/:id":                     editFields,
	"/stock/:id/move":               moveFields,
}

// isForm reports whether a browser sends one of the forms.
func isForm(c *gin.Context) bool {
	_, ours := forms[c.FullPath()]
	return ours && c.Request.Method == http.MethodPost && strings.Contains(c.GetHeader("Accept"), "text/html")
}

// keptPage is a form that could not be sent on, with what was typed.
type keptPage struct {
	problem.Document
	Action string
	Typed  []pair
	Shown  []pair // what of it was seen in the form, by its labels
	Signed bool   // the visitor is signed in, and the trouble is another one
}

type pair struct{ Name, Value string }

// labels are those of the fields of all forms.
var labels = labelsOf(editForm("", "", nil), yard{others: make([]Branch, 1)}.form(nil))

func labelsOf(forms ...*form) map[string]string {
	labels := map[string]string{}
	for _, f := range forms {
		for _, field := range f.Fields {
			labels[field.Name] = field.Label
		}
	}
	return labels
}

// keep gives back what was typed into a form that came after the session had ended, or while nobody could tell, so that it can be sent
// once more. Nothing is kept of a form that was refused for another reason: another site may have made it, and would have it sent by a
// button of ours.
func (p *Pages) keep(c *gin.Context, d problem.Document) bool {
	passing := []int{http.StatusUnauthorized, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	if !isForm(c) || !slices.Contains(passing, d.Status) {
		return false
	}
	page := keptPage{Document: d, Action: c.Request.URL.Path, Signed: d.Status != http.StatusUnauthorized}
	for _, name := range forms[c.FullPath()] {
		value, sent := c.GetPostForm(name)
		if sent {
			page.Typed = append(page.Typed, pair{name, value})
		}
		if label := labels[name]; label != "" && value != "" {
			page.Shown = append(page.Shown, pair{label, value})
		}
	}
	title := "Your session has ended"
	if page.Signed {
		title = "Not sent yet"
	}
	p.render(c, d.Status, "kept", title, page)
	return true
}

// needs says in words whom the route lets in; a branch-manager only at the own branch.
func needs(c *gin.Context) string {
	var words []string
	for _, role := range auth.Needed(c) {
		word := string(role)
		if role == auth.BranchManager && c.Param("id") != "" {
			word += " of branch " + c.Param("id")
		}
		words = append(words, word)
	}
	return strings.Join(words, " or ")
}

func roleList(roles []auth.Role, and string) string {
	words := make([]string, len(roles))
	for i, role := range roles {
		words[i] = string(role)
	}
	return strings.Join(words, and)
}
