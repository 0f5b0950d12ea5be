// Gateway is the one door to the shop: it signs people in with FusionAuth, keeps them signed in, and forwards their requests to the
// services with the token that each service asks for.
package main

import (
	"context"
	"io"

	"storefront/gateway/internal/keyring"
	"storefront/shared/config"
	"storefront/shared/server"
)

func main() { server.Main("gateway", run) }

func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	if len(args) > 0 && args[0] == "keys" {
		return keyring.Command(args[1:], stdout)
	}
	cfg, err := loadConfig(environ)
	if err != nil {
		return err
	}
	log := server.NewLogger(stdout, cfg.LogLevel, cfg.LogFormat)
	deps, err := newDependencies(cfg, log)
	if err != nil {
		return err
	}
	router, err := newRouter(cfg, log, deps)
	if err != nil {
		return err
	}
	if len(args) == 0 && cfg.AuthMode == config.HMAC {
		log.Warn("one key signs and verifies: any service that holds it could make an admin token; AUTH_MODE=jwks shares no key")
	}
	follow := func(ctx context.Context) error {
		go deps.revoked.Run(ctx)
		return nil
	}
	return server.App{Log: log, Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, Handler: router, Open: follow}.Run(ctx, args, stdout)
}
