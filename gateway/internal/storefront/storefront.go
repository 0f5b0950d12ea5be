// Package storefront is the web pages of the shop. It renders on the server, sends no script, and knows nothing of tokens: who is signed
// in, and what the services say to whom, come from functions that the routes hand in.
//
//	/                    what is on sale: search, categories, pages
//	/shop/{id}           one product, with its stock for those who may see it
//	/account             who you are, and where you are signed in
//	/stock, /stock/{id}  the branches that you work on, and one of them; /stock/{id}/move moves goods
//	/edit                what is off sale; /edit/new and /edit/{id} are the product editor
//
// Pages of other packages wear the same dress: they give a body to [Pages.Dress].
//
// A page waits for a service for a short time only. A form that is refused comes back with what was typed, and so does one that was sent
// after the session had ended.
package storefront

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/server"
)

// Visitor is whoever looks at the page; the zero value is nobody.
type Visitor struct {
	Unknown bool // the request was refused before anybody could look
	Name    string
	Email   string
	Roles   []auth.Role
	Expires time.Time // of the session
}

// Has reports whether the visitor has one of the roles.
func (v Visitor) Has(roles ...auth.Role) bool {
	return slices.ContainsFunc(v.Roles, func(r auth.Role) bool { return slices.Contains(roles, r) })
}

// Initials stand for the visitor where there is little room.
func (v Visitor) Initials() string {
	words := strings.Fields(v.Name)
	if len(words) == 0 {
		return "?"
	}
	initials := []rune(words[0])[:1]
	if len(words) > 1 {
		initials = append(initials, []rune(words[len(words)-1])[0])
	}
	return strings.ToUpper(string(initials))
}

// Session is one browser in which the visitor is signed in.
type Session struct {
	Handle  string // its public name
	Since   time.Time
	Expires time.Time
	Here    bool // it is this one
}

// Service asks a service for a page, as whoever the Config says, and reads the answer into out. What the service refuses is an
// *upstream.Refused; any other error says that nobody knows.
type Service func(c *gin.Context, m upstream.Message, out any) error

// Config is what the pages need from the rest of the gateway. Every field is required.
type Config struct {
	// Visitor gives whoever is signed in; false is nobody.
	Visitor func(*gin.Context) (Visitor, bool)
	// Public asks the catalog as anybody; Catalog and Inventory ask as the visitor, whom the middleware of Mount let pass.
	Public, Catalog, Inventory Service
	// Sessions gives those of the visitor, the newest first; EndSession ends one of them by its handle.
	Sessions   func(*gin.Context) ([]Session, error)
	EndSession func(c *gin.Context, handle string) error
	// Story gives the address at which is told which tokens the request took; "" where that is not told.
	Story func(*gin.Context) string
	// SignInOrigin is where forms lead beyond this site: browsers apply form-action to redirects too.
	SignInOrigin string
}

// Pages holds the handlers.
type Pages struct {
	cfg     Config
	pages   map[string]*template.Template
	assets  assets
	shelves shelves
	last    atomic.Pointer[catalogPage] // the first page of all products, as it was last seen
}

// New parses the templates and packs what they link to.
func New(cfg Config) (*Pages, error) {
	assets, err := packAssets()
	if err != nil {
		return nil, fmt.Errorf("pack assets: %w", err)
	}
	pages, err := parsePages(assets)
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	return &Pages{cfg: cfg, pages: pages, assets: assets}, nil
}

// Mount adds the pages to r. Those of people who are signed in stand behind require, which makes them known to [auth.From].
func (p *Pages) Mount(r gin.IRoutes, require gin.HandlerFunc) {
	admin, staff := auth.RequireRole("", auth.Admin), auth.RequireRole("", auth.Admin, auth.BranchManager)
	server.Get(r, "/", p.home)
	server.Get(r, "/shop/:id", server.RequireID, p.known(require), p.product)
	server.Get(r, "/static/:file", p.assets.serve)

	server.Get(r, "/account", require, p.account)
	r.POST("/account/sessions/:handle/end", require, p.endSession)
	server.Get(r, "/signed-in", require, p.signedIn)

	server.Get(r, "/stock", require, staff, p.branches)
	server.Get(r, "/stock/:id", require, staff, server.RequireID, p.branch)
	server.Get(r, "/stock/:id/move", require, staff, server.RequireID, p.moveForm)
	r.POST("/stock/:id/move", require, staff, server.RequireID, p.move)

	server.Get(r, "/edit", require, admin, p.offSale)
	server.Get(r, "/edit/new", require, admin, p.newProduct)
	r.POST("/edit/new", require, admin, p.createProduct)
	server.Get(r, "/edit/:id", require, admin, server.RequireID, p.editProduct)
	r.POST("/edit/:id", require, admin, server.RequireID, p.saveProduct)
}

// known is require for those who are signed in, on a page that everybody may see.
func (p *Pages) known(require gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if _, signedIn := p.cfg.Visitor(c); signedIn {
			require(c)
		}
	}
}

// How long a page waits for a service: patience where it can show what it saw last, and more where it has nothing, or where something
// is to be changed.
const (
	patience       = 200 * time.Millisecond
	firstPatience  = 2 * time.Second
	changePatience = 5 * time.Second
)
