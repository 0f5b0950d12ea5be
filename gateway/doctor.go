package main

import (
	"context"
	"io"
	"log/slog"

	"storefront/gateway/internal/doctor"
	"storefront/shared/config"
)

// examine is `gateway doctor`: it reads the settings as the gateway does, and goes on with faulty ones as far as they lead.
func examine(ctx context.Context, args, environ []string, stdout io.Writer) error {
	s := config.Read(environ)
	cfg := declare(s)
	d := doctor.Config{
		Common: cfg.Common, Scopes: cfg.Scopes, IDTokenAlgs: cfg.IDTokenAlgs,
		ClientSecret: firstOf(cfg.ClientSecret), RedisURL: firstOf(cfg.RedisURL),
		CatalogURL: cfg.CatalogURL, InventoryURL: cfg.InventoryURL,
	}
	d.Declare(s)
	d.Faults = s.Faults()
	var keys dependencies
	err := keys.openKeys(cfg, slog.New(slog.DiscardHandler))
	if err != nil && cfg.SigningKeys != "" { // a setting without a value is reported as such
		d.Faults = append(d.Faults, err)
	}
	d.Signer = keys.signer
	return doctor.Command(ctx, d, args, stdout)
}

func firstOf(secret config.Rotating) config.Secret {
	values := secret.Values()
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
