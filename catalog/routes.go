package main

import (
	"log/slog"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/server"
)

// audience is the aud that a gateway token for this service must carry.
const audience = "catalog"

func newRouter(cfg Config, log *slog.Logger, verifier *auth.Verifier, store store) (*gin.Engine, error) {
	r, err := server.New(server.Config{Log: log, TrustedProxies: cfg.TrustedProxies})
	if err != nil {
		return nil, err
	}
	anyToken := auth.Authenticate(verifier, auth.AnyToken, cfg.LoginRedirectURL)
	r.NoRoute(anyToken, server.NotFound)
	r.NoMethod(anyToken, server.MethodNotAllowed)

	h := handlers{store}
	server.Get(r, "/products", anyToken, h.list)
	server.Get(r, "/products/:id", anyToken, h.get)
	return r, nil
}
