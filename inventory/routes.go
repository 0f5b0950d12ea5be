package main

import (
	"log/slog"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/server"
)

// audience is the aud that a gateway token for this service must carry.
const audience = "inventory"

func newRouter(cfg Config, log *slog.Logger, verifier *auth.Verifier, store store) (*gin.Engine, error) {
	r, err := server.New(server.Config{Log: log, TrustedProxies: cfg.TrustedProxies})
	if err != nil {
		return nil, err
	}
	anyToken := auth.Authenticate(verifier, auth.AnyToken, cfg.LoginRedirectURL)
	r.NoRoute(anyToken, server.NotFound)
	r.NoMethod(anyToken, server.MethodNotAllowed)

	userToken := auth.Authenticate(verifier, auth.UserToken, cfg.LoginRedirectURL)
	h := handlers{store: store, home: forbiddenLocation(cfg)}
	server.Get(r, "/branches/:id/products", userToken, auth.RequireRole(h.home, auth.Admin, auth.BranchManager), h.levels)
	return r, nil
}

// forbiddenLocation is where the article's services point whoever lacks the role: the gateway, where that is configured.
func forbiddenLocation(cfg Config) string {
	if !cfg.GatewayURLSet {
		return ""
	}
	return cfg.GatewayURL.String()
}
