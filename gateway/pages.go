package main

import (
	"context"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/storefront"
	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
)

// openPages gives the pages what they need of the rest: who visits, and the services as seen by anybody and by the visitor.
func (d *dependencies) openPages(cfg Config) (err error) {
	d.pages, err = storefront.New(storefront.Config{
		Visitor:      d.visitor,
		Public:       d.publicCatalog,
		Catalog:      as(d.catalog, d.userToken("catalog")),
		Inventory:    as(d.inventory, d.userToken("inventory")),
		Sessions:     d.sessionsOf,
		EndSession:   func(c *gin.Context, handle string) error { return d.users.EndSession(c, handle) },
		Story:        d.explain.Address,
		SignInOrigin: cfg.FusionAuthPublicURL.Scheme + "://" + cfg.FusionAuthPublicURL.Host,
	})
	return err
}

// as is a service that is asked with the tokens of source.
func as(service *upstream.Service, source upstream.TokenSource) storefront.Service {
	return func(c *gin.Context, m upstream.Message, out any) error { return service.Send(c, source, m, out) }
}

// publicCatalog asks the catalog as anybody. The page's patience counts for the token too.
func (d *dependencies) publicCatalog(c *gin.Context, m upstream.Message, out any) error {
	source := d.explain.Source("catalog", func(c *gin.Context, target auth.Target, renew bool) (string, error) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), m.Within)
		defer cancel()
		return d.token(ctx, "catalog", target, renew)
	})
	return d.catalog.Send(c, source, m, out)
}

// visitor is whoever is signed in with this browser; nobody for a request that was refused before its session was looked at.
func (d *dependencies) visitor(c *gin.Context) (storefront.Visitor, bool) {
	if _, looked := c.Get(sessions.DefaultKey); !looked {
		return storefront.Visitor{Unknown: true}, false
	}
	p, record, ok := d.users.Visitor(c)
	return storefront.Visitor{Name: record.Name, Email: record.Email, Roles: p.Roles, Expires: record.Expires}, ok
}

func (d *dependencies) sessionsOf(c *gin.Context) ([]storefront.Session, error) {
	all, here, err := d.users.Sessions(c)
	list := make([]storefront.Session, len(all))
	for i, s := range all {
		list[i] = storefront.Session{Handle: s.Key.Handle(), Since: s.Since, Expires: s.Expires, Here: s.Key == here}
	}
	return list, err
}

func (d *dependencies) loopPage(c *gin.Context, loop login.Loop) {
	d.pages.Loop(c, storefront.Loop{Cause: string(loop.Cause), Again: loop.Again, Else: loop.Else})
}
