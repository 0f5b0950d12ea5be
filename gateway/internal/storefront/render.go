package storefront

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

//go:embed templates
var templates embed.FS

// view is what every page shows around its own content.
type view struct {
	Title    string
	Visitor  Visitor
	SignedIn bool
	Admin    bool
	Staff    bool
	Path     string // of the page, to mark it in the navigation
	SignIn   string // the address of a login that comes back here
	Story    string // where it is told which tokens the page took
	Style    style  // of a page that can load nothing
	Page     any
}

// parsePages gives each page of templates/pages its own set, with the layout and the parts.
func parsePages(a assets) (map[string]*template.Template, error) {
	shared, err := template.New("").Funcs(template.FuncMap{"asset": a.url, "when": when, "stamp": stamp, "amount": amount}).
		ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(templates, "templates/pages/*.html")
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*template.Template, len(files))
	for _, file := range files {
		page, err := shared.Clone()
		if err == nil {
			page, err = page.ParseFS(templates, file)
		}
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return pages, nil
}

// when writes a time for people, and stamp for programs.
func when(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// render answers with a page that depends on who asks, so no cache may keep it. A template that fails is a 500, not half a page.
func (p *Pages) render(c *gin.Context, status int, name, title string, page any) {
	v := view{Title: title, Path: c.Request.URL.Path, SignIn: signInFrom(c.Request), Story: p.cfg.Story(c), Page: page}
	v.Visitor, v.SignedIn = p.cfg.Visitor(c)
	v.Admin, v.Staff = v.Visitor.Has(auth.Admin), v.Visitor.Has(auth.Admin, auth.BranchManager)
	if status == http.StatusRequestHeaderFieldsTooLarge {
		v.Style = p.assets.style // what the browser sends too much of it sends along for the stylesheet too
	}
	var body bytes.Buffer
	if err := p.pages[name].ExecuteTemplate(&body, "layout", v); err != nil {
		c.Header("Content-Type", problem.ContentType)
		_ = c.Error(fmt.Errorf("render %s: %w", name, err))
		c.AbortWithStatusJSON(http.StatusInternalServerError, problem.Document{Status: http.StatusInternalServerError, Instance: server.RequestID(c)})
		return
	}
	p.protect(c.Writer.Header(), v.Style.source())
	if v.SignedIn || !acceptsGzip(c.Request) {
		c.Data(status, "text/html; charset=utf-8", body.Bytes())
		return
	}
	// Personal pages are not compressed: their length would tell what is on them (BREACH).
	c.Header("Content-Encoding", "gzip")
	c.Data(status, "text/html; charset=utf-8", compress(body.Bytes(), gzip.DefaultCompression))
}

// Dress answers with what another package has to show, as a page of the shop. The body is that package's to escape.
func (p *Pages) Dress(c *gin.Context, title string, body template.HTML) {
	p.render(c, http.StatusOK, "dressed", title, body)
}

// protect sets the policies of a page: nothing runs, nothing is loaded from elsewhere, nobody frames it.
func (p *Pages) protect(h http.Header, styles string) {
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+styles+"; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+p.cfg.SignInOrigin)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	// Not "no-referrer", with which browsers send "Origin: null" and every form would count as another site's.
	h.Set("Referrer-Policy", "same-origin")
}

// signInFrom is the address of a login that comes back to a page; from all else it leads to the front page.
func signInFrom(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.Path == "/" && r.URL.RawQuery == "" || strings.HasPrefix(r.URL.Path, "/log") || r.URL.Path == "/oauth-redirect" {
		return "/login"
	}
	login := "/login?" + url.Values{"return_to": {r.RequestURI}}.Encode()
	if len(login) > server.MaxTarget {
		return "/login"
	}
	return login
}

// fail shows what a service refused as the problem that it is; where nobody knows, as one that may pass.
func (p *Pages) fail(c *gin.Context, err error, away string) {
	refused, ok := errors.AsType[*upstream.Refused](err)
	switch {
	case c.Request.Context().Err() != nil:
		server.Cut(c, errors.New("client went away"))
	case !ok:
		problem.Unavailable(c, away, err)
	case refused.Status == http.StatusUnauthorized:
		problem.Unauthorized(c, false, err)
	case refused.Status == http.StatusForbidden:
		problem.Forbidden(c, err)
	default:
		problem.Table{{Err: err, Status: refused.Status, Slug: refused.Code, Detail: refused.Detail}}.Respond(c, err)
	}
}

// refusal is the status with which a service refused, or 0.
func refusal(err error) int {
	if refused, ok := errors.AsType[*upstream.Refused](err); ok {
		return refused.Status
	}
	return 0
}

func get(target string) upstream.Message {
	return upstream.Message{Method: http.MethodGet, URI: target, Within: firstPatience}
}
