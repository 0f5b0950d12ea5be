package database

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrAway says that the database cannot be used at the moment: it does not answer, is full, locked by somebody else, or too slow. Whether
// a write that ended so has happened is not known.
var ErrAway = errors.New("database is away")

// ErrDuplicate says that a row with the same unique value is there already.
var ErrDuplicate = errors.New("duplicate value")

// classify wraps err in the sentinel that fits, if one does.
func classify(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrAway), errors.Is(err, ErrDuplicate):
		return err
	case duplicate(err):
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	case away(err):
		return fmt.Errorf("%w: %w", ErrAway, err)
	default:
		return err
	}
}

// sqlState gives PostgreSQL's code for err (its documentation, appendix A), or "".
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// sqliteCode gives SQLite's extended result code for err, or 0.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

func duplicate(err error) bool {
	code := sqliteCode(err)
	return sqlState(err) == "23505" || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// collided reports that a transaction lost against another one and may simply run again: serialization_failure, deadlock_detected.
func collided(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}

// awayClasses are the classes of codes that say so: connection exception, insufficient resources (a full disk, too many connections),
// operator intervention (stopping, starting, ended by an administrator), system error (of the disk).
var awayClasses = []string{"08", "53", "57", "58"}

// readOnly is what a server answers that has become a standby.
const readOnly = "25006"

// awayCodes are SQLite's primary result codes that say so. SQLITE_READONLY is a file system that went read-only under it.
var awayCodes = []int{
	sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
	sqlite3.SQLITE_PROTOCOL,
}

func away(err error) bool {
	if code := sqliteCode(err); code != 0 {
		return slices.Contains(awayCodes, code&0xff)
	}
	if state := sqlState(err); state != "" {
		return slices.Contains(awayClasses, state[:2]) || state == readOnly
	}
	return disconnected(err)
}

func disconnected(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return network || connecting || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
