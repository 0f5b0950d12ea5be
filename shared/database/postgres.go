package database

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"storefront/shared/config"
)

// maxConnections of one process. PostgreSQL takes a hundred by default, from all replicas of all services.
const maxConnections = 16

// postgres is a server that several processes share.
type postgres struct{ cfg *pgx.ConnConfig }

func newPostgres(text string, opt Options) (*postgres, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" && u.Query().Get("host") == "" {
		return nil, errURL // err would quote the URL
	}
	query := u.Query()
	mode, err := sslMode(query.Get("sslmode"), u.Hostname())
	if err != nil {
		return nil, err
	}
	query.Set("sslmode", mode)
	u.RawQuery = query.Encode()
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errors.New("holds a postgres URL whose options cannot be used; see libpq's connection parameters")
	}
	if cfg.TLSConfig != nil && opt.TLS != nil && query.Get("sslrootcert") == "" {
		cfg.TLSConfig.RootCAs = opt.TLS.RootCAs
	}
	cfg.ConnectTimeout = cmp.Or(cfg.ConnectTimeout, timeout)
	cfg.RuntimeParams["application_name"] = opt.Name
	return &postgres{cfg}, nil
}

// sslMode lets no connection skip the check of the server's certificate, nor fall back to plain text without a word, as libpq's prefer
// and require would. Where nothing is said, only this machine and its containers are spoken to in the clear.
func sslMode(mode, host string) (string, error) {
	const off, full = "disable", "verify-full"
	switch mode {
	case "":
		if config.Loopback(host) || !strings.Contains(host, ".") && !strings.Contains(host, ":") {
			return off, nil
		}
		return full, nil
	case off:
		return off, nil
	case "require", "verify-ca", full:
		return full, nil
	default:
		return "", errors.New("says an sslmode that may go unencrypted without a word; use disable or verify-full")
	}
}

func (p *postgres) pools() (reader, writer *sql.DB, err error) {
	db := stdlib.OpenDB(*p.cfg)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour)
	return db, db, nil
}

func (*postgres) prepare(context.Context) error { return nil }

// fatal knows the refusals of a server that will not change its mind: bad credentials (class 28), no such database (3D).
func (*postgres) fatal(err error) error {
	state := sqlState(err)
	if !away(err) || strings.HasPrefix(state, "28") || strings.HasPrefix(state, "3D") {
		return fmt.Errorf("open the database of DATABASE_URL: %w", err)
	}
	return nil
}

// migrations has goose ask for the lock each second, for two minutes.
func (*postgres) migrations() migrations {
	return migrations{
		dialect: Postgres,
		goose:   goose.DialectPostgres,
		lock: func() (goose.ProviderOption, error) {
			locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
			return goose.WithSessionLocker(locker), err
		},
	}
}

func (*postgres) isolation() sql.IsolationLevel { return sql.LevelSerializable }

func (*postgres) release() error { return nil }
