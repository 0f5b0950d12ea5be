// Gateway is the one door to the shop: it signs people in with FusionAuth, keeps them signed in, and forwards their requests to the
// services with the token that each service asks for.
package main

import (
	"context"
	"io"
	"time"

	"storefront/gateway/internal/keyring"
	"storefront/shared/config"
	"storefront/shared/server"
)

func main() { server.Main("gateway", run) }

func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "keys":
			return keyring.Command(args[1:], stdout)
		case "config":
			return config.Command(args[1:], environ, stdout, declare)
		case "doctor":
			return examine(ctx, args[1:], environ, stdout)
		}
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
		deps.revoked.Start(ctx, 2*time.Second)
		return nil
	}
	return server.App{Log: log, Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, StopTimeout: cfg.StopTimeout, Handler: router, Open: follow}.Run(ctx, args, stdout)
}
