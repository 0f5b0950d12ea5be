// Package apidocs tells what the gateway answers to, in one OpenAPI document and on one page for people: /openapi.json and /docs.
//
// Each service describes itself, and answers nothing without a token; so the gateway asks for those documents with tokens of its own, keeps
// them, and adds to the document of its own routes those operations of theirs that it forwards. A service that is away is described by what
// it said last; one that has never answered is left out, and nobody waits for it for long.
package apidocs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/fresh"
	"storefront/shared/openapi"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// Service is one behind the gateway. Fetch gets the JSON of its document, and must bound its own time.
type Service struct {
	Name  string
	Fetch func(context.Context) (json.RawMessage, error)
}

// Config is what the documents are made of. Every field is required but Now.
type Config struct {
	Source   []byte // of the gateway's own document, in YAML
	URL      string // of the gateway
	Services []Service
	Log      *slog.Logger
	Now      func() time.Time // nil means time.Now
}

// Docs holds the handlers. It is safe for concurrent use.
type Docs struct {
	cfg    Config
	own    []byte
	parts  []*fresh.Value[*part]
	routes func() gin.RoutesInfo
	page   *template.Template
	latest atomic.Pointer[edition]
}

// part is a service's document as it was fetched.
type part struct{ text json.RawMessage }

// edition is what was made of some parts; nil is one that is left out.
type edition struct {
	parts    []*part
	document *openapi.Document
	page     template.HTML // for people, without what stands around it
}

// How old the document of a service grows, and how long lies between two fetches.
const (
	life       = 5 * time.Minute
	pause      = 10 * time.Second
	emptyPause = time.Second
)

// New reads the source. It asks no service yet.
func New(cfg Config) (*Docs, error) {
	own, err := openapi.Parse(cfg.Source)
	if err != nil {
		return nil, err
	}
	page, err := parsePage()
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &Docs{cfg: cfg, own: own.JSON(), page: page}
	for _, s := range cfg.Services {
		d.parts = append(d.parts, fresh.New(fresh.Config[*part]{
			Fetch: func(ctx context.Context) (fresh.Fetched[*part], error) { return d.fetch(ctx, s) },
			// What a service said last is better than nothing, so patience has no end.
			Pause: pause, EmptyPause: emptyPause, Patience: 365 * 24 * time.Hour, Now: cfg.Now,
		}))
	}
	return d, nil
}

func (d *Docs) fetch(ctx context.Context, s Service) (f fresh.Fetched[*part], err error) {
	text, err := s.Fetch(ctx)
	if err == nil {
		_, err = decode(text)
	}
	if err != nil {
		d.cfg.Log.Warn("no document of a service", "service", s.Name, "err", err)
		return f, fmt.Errorf("document of %s: %w", s.Name, err)
	}
	return fresh.Fetched[*part]{Value: &part{text}, Due: d.cfg.Now().Add(life)}, nil
}

// Dress answers with a page of the site around a body.
type Dress func(c *gin.Context, title string, body template.HTML)

// Mount adds the routes to r. What is described is what r has registered when it is asked.
func (d *Docs) Mount(r *gin.Engine, dress Dress) {
	d.routes = r.Routes
	server.Get(r, openapi.Path, d.serveDocument)
	server.Get(r, "/docs", func(c *gin.Context) {
		if e := d.edition(c); e != nil {
			dress(c, "API", e.page)
		}
	})
}

func (d *Docs) serveDocument(c *gin.Context) {
	if e := d.edition(c); e != nil {
		e.document.Serve(c)
	}
}

// edition is made anew when a service says something new. A client that has gone gets nothing.
func (d *Docs) edition(c *gin.Context) *edition {
	parts := d.gather(c.Request.Context())
	if c.Request.Context().Err() != nil {
		server.Cut(c, errors.New("client went away"))
	}
	if e := d.latest.Load(); e != nil && slices.Equal(e.parts, parts) {
		return e
	}
	e, err := d.publish(parts)
	if err != nil {
		problem.Table(nil).Respond(c, err)
		return nil
	}
	d.latest.Store(e)
	return e
}

// gather asks all services at once for what they say.
func (d *Docs) gather(ctx context.Context) []*part {
	parts := make([]*part, len(d.parts))
	var all sync.WaitGroup
	for i, p := range d.parts {
		all.Go(func() { parts[i], _ = p.Get(ctx, func(*part) bool { return true }) }) // an error has been logged; there is no part then
	}
	all.Wait()
	return parts
}
