package database_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"storefront/shared/config"
	"storefront/shared/database"
)

// signal is a log handler that tells of warnings.
type signal struct {
	slog.Handler
	warned chan<- struct{}
}

func (s signal) Enabled(context.Context, slog.Level) bool { return true }

func (s signal) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		s.warned <- struct{}{}
	}
	return nil
}

func onWarn(warned chan<- struct{}) *slog.Logger {
	return slog.New(signal{slog.DiscardHandler, warned})
}

func TestDeclare(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("postgres://app:hunter2@db/shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		environ []string
		url     string
		seed    bool
	}{
		"nothing set":               {nil, "sqlite:.data/catalog.db", true},
		"SQLite elsewhere":          {[]string{"DATABASE_URL=sqlite:/data/catalog.db"}, "sqlite:/data/catalog.db", false},
		"PostgreSQL":                {[]string{"DATABASE_URL=postgres://db/shop"}, "postgres://db/shop", false},
		"from a file":               {[]string{"DATABASE_URL_FILE=" + file}, "postgres://app:hunter2@db/shop", false},
		"with the demo":             {[]string{"DATABASE_URL=postgresql://db/shop", "SEED_DEMO=true"}, "postgresql://db/shop", true},
		"the default, without demo": {[]string{"SEED_DEMO=false"}, "sqlite:.data/catalog.db", false},
	} {
		s := config.Read(tt.environ)
		got := database.Declare(s, "catalog")
		if err := s.Err(); err != nil || string(got.URL) != tt.url || got.SeedDemo != tt.seed {
			t.Errorf("%s: %q, %v, %v; want %q, %v", name, string(got.URL), got.SeedDemo, err, tt.url, tt.seed)
		}
		if text := fmt.Sprintf("%v %+v", got, got); strings.Contains(text, "hunter2") {
			t.Errorf("%s: printed as %s", name, text)
		}
	}
}

func TestDeclare_refuses(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"another database":               "mysql://app:hunter2@db/shop",
		"a path":                         "/data/hunter2.db",
		"no path":                        "sqlite:",
		"a host where a path belongs":    "sqlite://hunter2/catalog.db",
		"nothing that lasts":             "sqlite::memory:",
		"no host":                        "postgres:///hunter2",
		"no URL":                         "postgres://app:hunter2@db:port/shop",
		"an option that is none":         "postgres://app:hunter2@db/shop?connect_timeout=soon",
		"TLS that may not be":            "postgres://app:hunter2@db/shop?sslmode=prefer",
		"TLS that may not be, otherwise": "postgres://app:hunter2@db/shop?sslmode=allow",
	} {
		s := config.Read([]string{"DATABASE_URL=" + url})
		database.Declare(s, "catalog")
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "DATABASE_URL: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want a fault that names the setting and no part of it", name, err)
		}
	}
}
