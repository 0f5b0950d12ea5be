package database

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

// migrations is how an engine migrates.
type migrations struct {
	dialect Dialect
	goose   goose.Dialect
	lock    func() (goose.ProviderOption, error) // so that one process does it while others wait
}

// defaultPatience is shorter than what containers wait before they start again.
const defaultPatience = 15 * time.Second

// await returns when the database answers. A server that is starting, or has not started yet, is waited for; one that answers with a
// refusal, such as of the password, is not.
func (d *DB) await(ctx context.Context) error {
	patience := d.opt.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	deadline := time.Now().Add(patience)
	for told := false; ; told = true {
		err := d.writer.PingContext(ctx)
		if err == nil {
			return nil
		}
		if err := d.engine.fatal(err); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the database of DATABASE_URL did not answer within %s; is it running, and is this its address? %w", patience, classify(err))
		}
		if !told {
			d.opt.Log.Warn("database does not answer yet", "err", err)
		}
		if err := sleep(ctx, min(patience/10, 100*time.Millisecond)); err != nil {
			return err
		}
	}
}

// migrate applies the migrations that the database does not have yet.
func (d *DB) migrate(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if err := tooNew(ctx, p); err != nil {
		return err
	}
	applied, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate the database: %w", classify(err))
	}
	for _, m := range applied {
		d.opt.Log.Info("migration applied", "version", m.Source.Version, "duration_ms", m.Duration.Milliseconds())
	}
	return nil
}

// versionTable bears the service's name, so that no service takes another's database, or its backup, for its own.
func (d *DB) versionTable() string { return d.opt.Name + "_schema_version" }

func (d *DB) provider() (*goose.Provider, error) {
	m := d.engine.migrations()
	files, err := fs.Sub(d.opt.Migrations, string(m.dialect))
	if err != nil {
		return nil, err
	}
	lock, err := m.lock()
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(m.goose, d.writer, files, lock, goose.WithTableName(d.versionTable()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrations in %s: %w", m.dialect, err)
	}
	return p, nil
}

// tooNew stops a program that would write into a schema that it does not know.
func tooNew(ctx context.Context, p *goose.Provider) error {
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", classify(err))
	}
	return compare(has, newest(p))
}

func compare(has, knows int64) error {
	if has > knows {
		return fmt.Errorf("the database's schema is of version %d and this program knows versions up to %d: a newer release has used it; start that release, or restore a backup of before", has, knows)
	}
	return nil
}

func newest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}
