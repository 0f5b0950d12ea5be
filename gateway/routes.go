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
	r, err := server.New(server.Config{Log: log, TrustedProxies: cfg.TrustedProxies, Pages: d.pages.Problem})
	if err != nil {
		return nil, err
	}
	sameOrigin, err := crossOrigin(cfg.GatewayURL)
	if err != nil {
		return nil, err
	}
	r.Use(problem.ProtectedResource(cfg.GatewayURL.String() + resourcePath))
	r.Use(oneCredential(cfg.secure()), sameOrigin, session.Sessions(d.sessions, cfg.secure()))
	if d.explain != nil {
		r.Use(d.explain.Watch)
		d.explain.Mount(r, d.pages.Dress)
	}
	d.pages.Mount(r, d.users.Require)
	d.users.Mount(r, server.RateLimit("login", cfg.LoginRate))
	r.POST("/webhooks/fusionauth", server.RateLimit("webhook", cfg.WebhookRate), d.events.Receive)
	server.Get(r, "/.well-known/jwks.json", d.publicKeys())
	server.Get(r, resourcePath, resourceMetadata(cfg))

	d.mountServices(r, server.RateLimit("api", cfg.APIRate))
	return r, mountDocs(r, cfg, d, log)
}

// mountServices adds what is forwarded. The limit counts addresses, and users where they are known.
func (d *dependencies) mountServices(r *gin.Engine, limit gin.HandlerFunc) {
	public := r.Group("/", limit)
	forPublic := d.catalog.Forward(d.publicToken("catalog"), false)
	server.Get(public, "/products", forPublic)
	server.Get(public, "/products/:id", server.RequireID, forPublic)
	server.Get(public, "/products/:id/image", server.RequireID, forPublic)

	// Roles are checked here first, where the user is known, and by the service again, which trusts nobody.
	user := r.Group("/", d.users.Require, limit)
	admin, staff := auth.RequireRole("", auth.Admin), auth.RequireRole("", auth.Admin, auth.BranchManager)

	toCatalog := d.catalog.Forward(d.userToken("catalog"), true)
	user.POST("/products", admin, toCatalog)
	user.PUT("/products/:id", admin, server.RequireID, toCatalog)
	user.DELETE("/products/:id", admin, server.RequireID, toCatalog)
	server.Get(user, "/admin/products", admin, toCatalog)
	server.Get(user, "/audit/products", admin, toCatalog)

	toInventory := d.inventory.Forward(d.userToken("inventory"), true)
	server.Get(user, "/branches", staff, toInventory)
	user.POST("/branches", admin, toInventory)
	server.Get(user, "/branches/:id/products", staff, server.RequireID, toInventory)
	server.Get(user, "/branches/:id/movements", staff, server.RequireID, toInventory)
	user.POST("/branches/:id/movements", staff, server.RequireID, toInventory)
	server.Get(user, "/branches/:id/movements/:movement", staff, server.RequireID, toInventory)
	server.Get(user, "/branches/:id/managers", admin, server.RequireID, toInventory)
	user.PUT("/branches/:id/managers/:subject", admin, server.RequireID, toInventory)
	user.DELETE("/branches/:id/managers/:subject", admin, server.RequireID, toInventory)
	server.Get(user, "/products/:id/stock", staff, server.RequireID, toInventory)
	server.Get(user, "/audit/branches", admin, toInventory)
	server.Get(user, "/audit/movements", admin, toInventory)
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
