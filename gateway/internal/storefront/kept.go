package storefront

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

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
	Shown  []pair // what of it was seen in the form, as it was seen there
	Signed bool   // the visitor is signed in, and the trouble is another one
}

type pair struct{ Name, Value string }

// seen are the fields of all forms, as people see them.
var seen = fieldsOf(editForm("", "", nil), yard{others: make([]Branch, 1)}.form(nil))

func fieldsOf(forms ...*form) map[string]*field {
	fields := map[string]*field{}
	for _, f := range forms {
		for _, field := range f.Fields {
			fields[field.Name] = field
		}
	}
	return fields
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
		if f := seen[name]; f != nil && value != "" {
			page.Shown = append(page.Shown, pair{f.Label, p.readable(c, f, value, !page.Signed)})
		}
	}
	title := "Your session has ended"
	if page.Signed {
		title = "Not sent yet"
	}
	p.render(c, d.Status, "kept", title, page)
	return true
}

// readable is a value as the form has shown it. The names of products are looked up, as anybody can, unless a service is the trouble;
// those of branches only staff may know, whom nobody knows here.
func (p *Pages) readable(c *gin.Context, f *field, value string, ask bool) string {
	switch {
	case f.Kind == "check":
		return "yes"
	case f.Kind == "choice":
		return cmp.Or(labelOf(f.Options, value), value)
	case f.Name == "quantity":
		return strings.Replace(value, "-", "\u2212", 1)
	case f.Name == "to_branch":
		return "branch " + value
	case f.Name != "product_id":
		return value
	}
	if _, number := whole(value); number && ask {
		if product, err := p.find(c, false, value); err == nil {
			return product.Name
		}
	}
	return "number " + value
}

func labelOf(options []option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return ""
}
