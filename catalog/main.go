// Catalog is the public list of products. Public means: through the gateway, without signing in; nothing here answers without a token.
package main

import (
	"context"
	"io"

	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/server"
)

func main() { server.Main("catalog", run) }

func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	cfg, err := loadConfig(environ)
	if err != nil {
		return err
	}
	log := server.NewLogger(stdout, cfg.LogLevel, cfg.LogFormat)
	verifier, err := auth.ServiceVerifier(cfg.Common, audience, log)
	if err != nil {
		return err
	}
	store, err := product.Demo()
	if err != nil {
		return err
	}
	router, err := newRouter(cfg, log, verifier, store)
	if err != nil {
		return err
	}
	return server.App{Log: log, Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, Handler: router}.Run(ctx, args, stdout)
}
