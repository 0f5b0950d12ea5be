// Command fusionauth is a local stand-in for FusionAuth: it signs people in for development and tests where no Docker is at hand.
//
// It serves the part of FusionAuth that this system uses, set up by the same kickstart.json that configures the real one. It
// keeps everything in memory and is not made for production.
package main

import (
	"context"
	"io"

	"storefront/fusionauth/internal/admin"
	"storefront/fusionauth/internal/idp"
	"storefront/shared/server"
)

func main() { server.Main("fusionauth", run) }

func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	cfg, err := loadConfig(environ)
	if err != nil {
		return err
	}
	log := server.NewLogger(stdout, cfg.LogLevel, cfg.LogFormat)
	app := server.App{Log: log, Addr: cfg.Addr, ReadyPath: "/api/status"}
	if len(args) == 0 { // a healthcheck makes no keys
		log.Warn("this is a local stand-in for development, not FusionAuth; do not expose it", "issuer", cfg.Setup.Tenant.Issuer)
		handler, err := idp.New(idp.Config{Setup: cfg.Setup, Log: log})
		if err != nil {
			return err
		}
		defer deliver(ctx, handler)()
		app.Handler = handler.Routes()
		if cfg.Admin {
			log.Warn("/admin is served: whoever is on this machine can act on this server")
			app.Handler = admin.New(handler, log, app.Handler)
		}
	}
	return app.Run(ctx, args, stdout)
}

// deliver sends events until it is stopped: after the server, whose last requests may cause some still.
func deliver(ctx context.Context, handler *idp.Handler) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		handler.Deliver(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}
