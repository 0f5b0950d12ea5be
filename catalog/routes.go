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

	userToken := auth.Authenticate(verifier, auth.UserToken, cfg.LoginRedirectURL)
	admin := auth.RequireRole(cfg.ForbiddenLocation(), auth.Admin)
	h := handlers{store}
	server.Get(r, "/products", anyToken, h.list)
	r.POST("/products", userToken, admin, h.create)
	server.Get(r, "/products/:id", anyToken, h.get)
	r.PUT("/products/:id", userToken, admin, h.replace)
	r.DELETE("/products/:id", userToken, admin, h.delete)
	server.Get(r, "/products/:id/image", anyToken, h.image)
	server.Get(r, "/admin/products", userToken, admin, h.listAll)
	server.Get(r, "/audit/products", userToken, admin, h.audit)
	server.Get(r, openapi.Path, anyToken, openapi.MustParse(description).Serve)
	return r, nil
}

// bodyLimit is several times the largest product, written with escapes.
const bodyLimit = 64 << 10
