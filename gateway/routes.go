package main

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/problem"
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
	r.Use(problem.Pages(d.pages.Problem), problem.ProtectedResource(cfg.GatewayURL.String()+resourcePath))
	r.Use(oneCredential(cfg.secure()), sameOrigin, session.Sessions(d.sessions, cfg.secure()))
	d.pages.Mount(r)
	d.users.Mount(r)
	r.POST("/webhooks/fusionauth", d.events.Receive)
	server.Get(r, "/.well-known/jwks.json", d.publicKeys())
	server.Get(r, resourcePath, resourceMetadata(cfg))

	public := r.Group("/")
	server.Get(public, "/products", d.catalog.Forward(d.publicToken("catalog"), false))
	server.Get(public, "/products/:id", server.RequireID, d.catalog.Forward(d.publicToken("catalog"), false))

	staff := r.Group("/", d.users.Require, auth.RequireRole("", auth.Admin, auth.BranchManager))
	server.Get(staff, "/branches/:id/products", server.RequireID, d.inventory.Forward(d.userToken, true))
	return r, nil
}

// resourcePath is where the metadata of the resource stands, which every challenge names (RFC 9728 §3).
const resourcePath = "/.well-known/oauth-protected-resource"

// resourceMetadata tells API clients whose tokens are taken here, and how they are sent (RFC 9728 §2).
func resourceMetadata(cfg Config) gin.HandlerFunc {
	metadata := gin.H{
		"resource":                 cfg.GatewayURL.String(),
		"resource_name":            "Storefront",
		"authorization_servers":    []string{cfg.Issuer},
		"scopes_supported":         cfg.Scopes,
		"bearer_methods_supported": []string{"header"},
	}
	return func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		c.JSON(http.StatusOK, metadata)
	}
}
