// Gateway is the one door to the shop: it signs people in with FusionAuth, keeps them signed in, and forwards their requests to the
// services with the token that each service asks for.
package main

import (
	"context"
	"io"

	"storefront/shared/server"
)

func main() { server.Main("gateway", run) }

func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	cfg, err := loadConfig(environ)
	if err != nil {
		return err
	}
	log := server.NewLogger(stdout, cfg.LogLevel, cfg.LogFormat)
	deps, err := newDependencies(cfg)
	if err != nil {
		return err
	}
	router, err := newRouter(cfg, log, deps)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		log.Warn("every service that verifies with the shared key can also sign with it", "auth_mode", cfg.AuthMode)
	}
	return server.App{Log: log, Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, Handler: router}.Run(ctx, args, stdout)
}
