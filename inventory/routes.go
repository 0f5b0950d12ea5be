package main

import (
	"log/slog"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/openapi"
	"storefront/shared/server"
)

func newRouter(cfg Config, log *slog.Logger, verifier *auth.Verifier, store store, ready func() error) (*gin.Engine, error) {
	r, err := server.New(server.Config{Log: log, TrustedProxies: cfg.TrustedProxies, Ready: ready, BodyLimit: bodyLimit})
	if err != nil {
		return nil, err
	}
	anyToken := auth.Authenticate(verifier, auth.AnyToken, cfg.LoginRedirectURL)
	r.NoRoute(anyToken, server.NotFound)
	r.NoMethod(anyToken, server.MethodNotAllowed)

	h := handlers{store: store, home: cfg.ForbiddenLocation()}
	users := r.Group("/", auth.Authenticate(verifier, auth.UserToken, cfg.LoginRedirectURL), noStore)
	admin, staff := auth.RequireRole(h.home, auth.Admin), auth.RequireRole(h.home, auth.Admin, auth.BranchManager)

	server.Get(users, "/branches", staff, h.branches)
	users.POST("/branches", admin, h.createBranch)
	server.Get(users, "/branches/:id/products", staff, server.RequireID, h.ownBranch, h.levels)
	server.Get(users, "/branches/:id/movements", staff, server.RequireID, h.ownBranch, h.movements)
	users.POST("/branches/:id/movements", staff, server.RequireID, h.ownBranch, h.move)
	server.Get(users, "/branches/:id/movements/:movement", staff, server.RequireID, h.ownBranch, h.movement)
	server.Get(users, "/branches/:id/managers", admin, server.RequireID, h.managers)
	users.PUT("/branches/:id/managers/:subject", admin, server.RequireID, h.addManager)
	users.DELETE("/branches/:id/managers/:subject", admin, server.RequireID, h.removeManager)
	server.Get(users, "/products/:id/stock", staff, server.RequireID, h.holdings)
	server.Get(users, "/audit/branches", admin, h.auditBranches)
	server.Get(users, "/audit/movements", admin, h.auditMovements)
	server.Get(r, openapi.Path, anyToken, openapi.MustParse(description).Serve)
	return r, nil
}

// bodyLimit is several times the largest body, written with escapes.
const bodyLimit = 64 << 10

// noStore keeps answers, which all depend on who asks, out of caches.
func noStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }
