// Catalog is the public list of products, and where admins change it. Public means: through the gateway, without signing in; nothing here
// answers without a token.
package main

import (
	"context"
	"io"
	"log/slog"

	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/server"
)

// service is the name by which gateway tokens, the log and the database know this one.
const service = "catalog"

func main() { server.Main(service, run) }

func run(ctx context.Context, args, environ []string, stdout io.Writer) error {
	if len(args) > 0 && args[0] == "config" {
		return config.Command(args[1:], environ, stdout, declare)
	}
	cfg, err := loadConfig(environ)
	if err != nil {
		return err
	}
	log := server.NewLogger(stdout, cfg.LogLevel, cfg.LogFormat)
	verifier, err := auth.ServiceVerifier(cfg.Common, service, log)
	if err != nil {
		return err
	}
	db, err := newDatabase(cfg, log)
	if err != nil {
		return err
	}
	store := product.NewStore(db)
	router, err := newRouter(cfg, log, verifier, store, db.Ready)
	if err != nil {
		return err
	}
	return server.App{
		Log: log, Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, StopTimeout: cfg.StopTimeout, Handler: router,
		Open:     func(ctx context.Context) error { return open(ctx, cfg, log, db, store) },
		Close:    db.Close,
		Commands: db.Commands(),
	}.Run(ctx, args, stdout)
}

func newDatabase(cfg Config, log *slog.Logger) (*database.DB, error) {
	migrations, err := product.Migrations()
	if err != nil {
		return nil, err
	}
	return database.New(cfg.Database.URL, database.Options{Name: service, Migrations: migrations, TLS: cfg.TLS, Log: log})
}

func open(ctx context.Context, cfg Config, log *slog.Logger, db *database.DB, store *product.Store) error {
	if err := db.Open(ctx); err != nil || !cfg.Database.SeedDemo {
		return err
	}
	added, err := store.SeedDemo(ctx)
	if added > 0 {
		log.Info("demo shop added to the empty database", "products", added)
	}
	return err
}
