// Inventory says what lies in each branch, and moves it, for the people who may: admins, and the managers of the branch.
package main

import (
	"context"
	"io"
	"log/slog"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth"
	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/server"
)

// service is the name by which tokens, the log and the database know this one.
const service = "inventory"

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
	store := stock.NewStore(db)
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
	migrations, err := stock.Migrations()
	if err != nil {
		return nil, err
	}
	return database.New(cfg.Database.URL, database.Options{Name: service, Migrations: migrations, TLS: cfg.TLS, Log: log})
}

func open(ctx context.Context, cfg Config, log *slog.Logger, db *database.DB, store *stock.Store) error {
	if err := db.Open(ctx); err != nil || !cfg.Database.SeedDemo {
		return err
	}
	added, err := store.SeedDemo(ctx)
	if added > 0 {
		log.Info("demo shop added to the empty database", "branches", added)
	}
	return err
}
