package idp

import (
	"crypto/sha256"
	_ "embed" // the page templates
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed pages.html
var pagesHTML string

//go:embed pages.css
var pagesCSS string

// pages renders the few HTML pages. They run no script, and their policy lets none run.
type pages struct {
	templates *template.Template
	styleHash string
}

// loginPage is what the login form shows.
type loginPage struct {
	Application string
	Hidden      map[string]string
	LoginID     string
	Problem     string
	Users       []demoUser
}

func newPages() *pages {
	style := template.FuncMap{"style": func() template.CSS { return template.CSS(pagesCSS) }} //nolint:gosec // our own file
	sum := sha256.Sum256([]byte(pagesCSS))
	return &pages{
		templates: template.Must(template.New("").Funcs(style).Parse(pagesHTML)),
		styleHash: "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
}

// login shows the form. Browsers apply form-action to the redirect that answers a submission too, so it names the client.
func (p *pages) login(w http.ResponseWriter, page loginPage, redirectURI string) {
	p.write(w, http.StatusOK, "login", page, "form-action 'self' "+origin(redirectURI))
}

// failed shows an error that cannot be redirected.
func (p *pages) failed(w http.ResponseWriter, fault *oauthError) {
	p.write(w, fault.Status, "error", fault, "form-action 'none'")
}

// home shows what this server is.
func (p *pages) home(w http.ResponseWriter) {
	p.write(w, http.StatusOK, "home", nil, "form-action 'none'")
}

// loggedOut shows a page that tells every application, by a frame each, and then goes on.
func (p *pages) loggedOut(w http.ResponseWriter, page logoutPage) {
	origins := make([]string, len(page.LogoutURLs))
	for i, u := range page.LogoutURLs {
		origins[i] = origin(u)
	}
	p.write(w, http.StatusOK, "logout", page, "form-action 'none'; frame-src "+strings.Join(origins, " "))
}

func (p *pages) write(w http.ResponseWriter, status int, name string, data any, policy string) {
	var page strings.Builder
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, "page cannot be written", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src "+p.styleHash+"; base-uri 'none'; frame-ancestors 'none'; "+policy)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin") // no-referrer would make the form's Origin null
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page.String())) // the client may be gone
}

// origin gives scheme, host and port of a URL whose form was checked when the kickstart was read.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// refuse ends a request whose error cannot go to a client by redirect: a page for browsers, JSON for programs.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, fault *oauthError) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.pages.failed(w, fault)
		return
	}
	fault.write(w)
}

// home serves GET /, where a logout without any other target ends.
func (h *Handler) home(w http.ResponseWriter, _ *http.Request) { h.pages.home(w) }
