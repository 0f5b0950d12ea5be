// Command fusionauth is a local stand-in for FusionAuth: it signs people in for development and tests where no Docker is at hand.
//
// It serves the part of FusionAuth that this system uses, set up by the same kickstart.json that configures the real one. It
// keeps everything in memory and is not made for production.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"storefront/fusionauth/internal/idp"
	"storefront/shared/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, environ []string, stdout io.Writer) error {
	cfg, err := load(environ)
	if err != nil {
		return err
	}
	log := server.NewLogger(stdout, cfg.LogLevel, cfg.LogFormat)
	log.Warn("this is a local stand-in for development, not FusionAuth; do not expose it", "issuer", cfg.Setup.Tenant.Issuer)
	handler, err := idp.New(idp.Config{Setup: cfg.Setup, Log: log})
	if err != nil {
		return err
	}
	listeners, err := server.Listen(cfg.Addr...)
	if err != nil {
		return err
	}
	return server.Run(ctx, log, handler.Routes(), listeners...)
}
