package main

import (
	"log/slog"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/server"
)

// newRouter lists the whole surface of the gateway. Routes are explicit: no prefix is forwarded, and each says who may.
func newRouter(cfg Config, log *slog.Logger, d *dependencies) (*gin.Engine, error) {
	r, err := server.New(server.Config{Log: log, TrustedProxies: cfg.TrustedProxies})
	if err != nil {
		return nil, err
	}
	sameOrigin, err := crossOrigin(cfg.GatewayURL)
	if err != nil {
		return nil, err
	}
	r.Use(oneCredential(cfg.secure()), sameOrigin, session.Sessions(d.sessions, cfg.secure()))
	d.pages.Mount(r)
	d.users.Mount(r)
	server.Get(r, "/.well-known/jwks.json", d.publicKeys())

	public := r.Group("/")
	server.Get(public, "/products", d.catalog.Forward(d.publicToken("catalog"), false))
	server.Get(public, "/products/:id", server.RequireID, d.catalog.Forward(d.publicToken("catalog"), false))

	staff := r.Group("/", d.users.Require, auth.RequireRole("", auth.Admin, auth.BranchManager))
	server.Get(staff, "/branches/:id/products", server.RequireID, d.inventory.Forward(d.userToken, true))
	return r, nil
}
