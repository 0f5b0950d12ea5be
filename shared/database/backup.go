package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// errServer is what backup and restore answer for PostgreSQL, which has its own tools.
var errServer = errors.New("DATABASE_URL is a PostgreSQL server: use pg_dump and pg_restore")

// Commands are the program's commands for its database: "backup FILE" and "restore FILE".
func (d *DB) Commands() map[string]func(ctx context.Context, args []string, stdout io.Writer) error {
	return map[string]func(context.Context, []string, io.Writer) error{
		"backup":  onFile(d.Backup, "backup of the database written to %s\n"),
		"restore": onFile(d.Restore, "database restored from %s; start the service\n"),
	}
}

func onFile(do func(context.Context, string) error, done string) func(context.Context, []string, io.Writer) error {
	return func(ctx context.Context, args []string, stdout io.Writer) error {
		if len(args) != 1 || args[0] == "" {
			return errors.New("name one file")
		}
		if err := do(ctx, args[0]); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, done, args[0])
		return err
	}
}

// Backup writes the SQLite database, as it is at one moment, to a new file. The service may run and write meanwhile.
func (d *DB) Backup(ctx context.Context, to string) (err error) {
	f, ok := d.engine.(*file)
	if !ok {
		return errServer
	}
	if _, err := os.Stat(f.path); err != nil {
		return fmt.Errorf("there is nothing to back up: %w", err)
	}
	lock, err := lockFile(ctx, f.path, lockUse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // never over another backup
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	if _, err := d.writer.ExecContext(ctx, "VACUUM INTO $1", to); err != nil {
		return fmt.Errorf("copy %s: %w", f.path, err)
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return d.inspect(ctx, to)
}

// Restore puts a backup in the place of the SQLite database, while no service uses it. What was there is kept beside it. An older
// schema is migrated by the next start.
func (d *DB) Restore(ctx context.Context, from string) (err error) {
	f, ok := d.engine.(*file)
	if !ok {
		return errServer
	}
	if log, err := os.Stat(from + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%s is in use or was copied by hand: the last of it is in %s-wal, which would be lost; restore what backup has written", from, from)
	}
	if err := d.inspect(ctx, from); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	lock, err := lockFile(ctx, f.path, lockReplace)
	if err != nil {
		return fmt.Errorf("%s is in use: stop the service first: %w", f.path, err)
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	fresh, err := copyFile(from, f.path)
	if err != nil {
		return err
	}
	if err := replace(fresh, f.path, time.Now()); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return nil
}

// inspect refuses a file that is damaged, not this service's, or of a newer release.
func (d *DB) inspect(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&file{path: path}).dsn(map[string][]string{"mode": {"ro"}, "_query_only": {"on"}}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	scanText := func(r Row) (s string, err error) { return s, r.Scan(&s) }
	verdict, err := One(ctx, db, scanText, "PRAGMA integrity_check(1)")
	if err != nil {
		return fmt.Errorf("%s is no database: %w", path, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%s is damaged: %s", path, verdict)
	}
	has, err := One(ctx, db, scanInt, "SELECT max(version_id) FROM "+d.versionTable())
	if err != nil {
		return fmt.Errorf("%s is no database of %s: %w", path, d.opt.Name, err)
	}
	p, err := d.provider()
	if err != nil {
		return err
	}
	return compare(has, newest(p))
}

// copyFile copies a file to a new one beside path, on the disk when it returns, and gives its name.
func copyFile(from, path string) (name string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	out, err := os.CreateTemp(filepath.Dir(path), ".restore-*") // for its owner alone
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), nil
}

// replace moves what is at path aside and fresh there. The write-ahead log goes first: beside another database SQLite would play it into
// that one. The old database itself is never away from its place before the new one is in it.
func replace(fresh, path string, now time.Time) error {
	aside := path + ".replaced-" + now.UTC().Format("20060102T150405")
	if err := os.Link(path, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := moveLog(path, aside)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, moveLog(aside, path)) // the old database is nothing without it
	}
	return syncDirectory(filepath.Dir(path))
}

func moveLog(from, to string) error {
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
