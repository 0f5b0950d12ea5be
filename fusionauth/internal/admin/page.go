package admin

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// page is the HTML page, which runs no script and whose policy lets none run.
type page struct {
	template *template.Template
	policy   string
}

func newPage() *page {
	functions := template.FuncMap{
		"style":     func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // our own file
		"symmetric": func(algorithm string) bool { return strings.HasPrefix(algorithm, "HS") },
	}
	sum := sha256.Sum256([]byte(pageCSS))
	style := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	return &page{
		template: template.Must(template.New("page").Funcs(functions).Parse(pageHTML)),
		policy:   "default-src 'none'; style-src " + style + "; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
	}
}

// show serves GET /admin.
func (a *admin) show(w http.ResponseWriter, _ *http.Request) {
	var text strings.Builder
	if err := a.page.template.Execute(&text, viewOf(a.idp.State())); err != nil {
		respond(w, http.StatusInternalServerError, failure{"the page cannot be written"})
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", a.page.policy)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin") // no-referrer would make the forms' Origin null
	_, _ = w.Write([]byte(text.String()))        // the client may be gone
}
