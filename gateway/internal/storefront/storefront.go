// Package storefront is the web pages of the shop. It renders on the server and knows nothing of tokens: who is signed in and what
// is sold come from functions that the routes hand in.
package storefront

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/problem"
	"storefront/shared/server"
)

//go:embed templates
var templates embed.FS

//go:embed static/shop.css
var stylesheet []byte

// Visitor is whoever looks at the page; the zero value is nobody.
type Visitor struct {
	Name  string
	Roles []auth.Role
}

// Product is what a page shows of one.
type Product struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int64  `json:"price"` // minor units
	Currency    string `json:"currency"`
	Category    string `json:"category"`
}

// Money is the price as people write it.
func (p Product) Money() string {
	return fmt.Sprintf("%d.%02d %s", p.Price/100, p.Price%100, p.Currency)
}

// Config is what the pages need from the rest of the gateway.
type Config struct {
	// Visitor gives whoever is signed in; false is nobody.
	Visitor func(*gin.Context) (Visitor, bool)
	// Products gives the list of the catalog, or an error when it cannot within that time.
	Products func(c *gin.Context, within time.Duration) ([]Product, error)
	// SignInOrigin is where forms lead beyond this site: browsers apply form-action to redirects too.
	SignInOrigin string
}

// Pages holds the handlers.
type Pages struct {
	cfg   Config
	pages *template.Template
	csp   string
	last  atomic.Pointer[[]Product] // the list as it was last seen
}

// New parses the templates.
func New(cfg Config) (*Pages, error) {
	pages, err := template.ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	csp := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + cfg.SignInOrigin
	return &Pages{cfg: cfg, pages: pages, csp: csp}, nil
}

// Mount adds the pages to r.
func (p *Pages) Mount(r gin.IRoutes) {
	server.Get(r, "/", p.home)
	server.Get(r, "/static/shop.css", p.styles)
}

type homePage struct {
	Visitor  Visitor
	SignedIn bool
	Products []Product
	Away     bool // the catalog cannot be asked
	Branches []int
}

// branches are the ones of the demo shop; inventory tells who may see which.
var branches = []int{1, 2, 3}

func (p *Pages) home(c *gin.Context) {
	page := homePage{Branches: branches}
	page.Visitor, page.SignedIn = p.cfg.Visitor(c)
	page.Products, page.Away = p.products(c)
	p.render(c, http.StatusOK, "home.html", page)
}

// A catalog that hangs must not hang the page: it shows the list as it was last seen, and waits longer only where there is none.
const (
	patience      = 200 * time.Millisecond
	firstPatience = 2 * time.Second
)

// products gives the list, and whether it could not be brought up to date.
func (p *Pages) products(c *gin.Context) (list []Product, away bool) {
	last, within := p.last.Load(), patience
	if last == nil {
		last, within = &[]Product{}, firstPatience
	}
	products, err := p.cfg.Products(c, within)
	if err != nil {
		_ = c.Error(err)
		return *last, true
	}
	p.last.Store(&products)
	return products, false
}

// ConfirmLogout is the page that asks whether to sign out, for a link from elsewhere.
func (p *Pages) ConfirmLogout(c *gin.Context) {
	p.render(c, http.StatusOK, "logout.html", nil)
}

// Loop is a login that goes in a circle: why, and two links that lead out of it.
type Loop struct{ Cause, Again, Else string }

// Loop shows the page for it. Too many logins in too short a time is what 429 says (RFC 6585 §4).
func (p *Pages) Loop(c *gin.Context, loop Loop) {
	c.Header("Retry-After", "60")
	p.render(c, http.StatusTooManyRequests, "loop.html", struct {
		Loop
		RequestID string
	}{loop, server.RequestID(c)})
}

// problemPage is a problem as people see it.
type problemPage struct {
	problem.Document
	Has   string // the roles of whoever is signed in
	Needs string // what the address asks for; "" when that is not the problem
}

// Problem shows a problem to whoever visits a page; programs get the document.
func (p *Pages) Problem(c *gin.Context, d problem.Document) bool {
	if !auth.Navigates(c.Request) {
		return false
	}
	page := problemPage{Document: d}
	if d.Status == http.StatusForbidden {
		if caller, ok := auth.From(c); ok {
			page.Has, page.Needs = roleList(caller.Roles, " and "), needs(c)
		}
	}
	p.render(c, d.Status, "problem.html", page)
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

// render answers with a page that depends on who asks, so no cache may keep it. A template that fails is a 500, not half a page.
func (p *Pages) render(c *gin.Context, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.pages.ExecuteTemplate(&page, name, data); err != nil {
		problem.Table(nil).Respond(c, fmt.Errorf("render %s: %w", name, err))
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Security-Policy", p.csp)
	c.Header("Referrer-Policy", "same-origin")
	c.Data(status, "text/html; charset=utf-8", page.Bytes())
}

func (*Pages) styles(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "text/css; charset=utf-8", stylesheet)
}
