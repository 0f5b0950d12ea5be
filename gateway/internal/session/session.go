// Package session keeps people signed in: what the gateway remembers of a browser, under an opaque id in its cookie.
//
// Handlers see gin-contrib/sessions; the [Store] behind it is ours, because no store of that package gives a new id at login,
// or ends a stolen cookie at logout. Tokens never leave the server. Handlers use [From], [Start] and [End]:
//
//	record, err := session.From(c)
//	switch {
//	case errors.Is(err, session.ErrNone): // nobody is signed in
//	case err != nil:                      // the store is away: 503, never 401
//	}
package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// ErrNone says that the request belongs to no session: no cookie, an unknown one, or one whose session has ended.
var ErrNone = errors.New("no session")

// ErrChanged says that a record was replaced by somebody else since it was read.
var ErrChanged = errors.New("session changed meanwhile")

// Lifetimes of a session. Both end it on the server, whatever the cookie says.
const (
	Idle     = 2 * time.Hour  // without a request
	Absolute = 12 * time.Hour // since login
)

// Record is what is remembered of one signed-in browser. It is a value: a change is a new record that replaces the old one.
type Record struct {
	Subject string
	Name    string
	Email   string

	AccessToken   string
	AccessExpires time.Time
	RefreshAt     time.Time // from when on the access token should be replaced
	RefreshToken  string    // "" when the identity server gave none

	Expires time.Time // the absolute end
	Version uint64    // raised by each replacement
}

// Key is the hash of a session id. Whoever reads the store cannot make a cookie from it.
type Key [sha256.Size]byte

// Store keeps records. Implementations are safe for concurrent use, drop records that are idle or expired, and pass
// sessiontest.Run.
type Store interface {
	// Create keeps a new record.
	Create(ctx context.Context, key Key, r Record) error
	// Load gives the record and counts as use of the session; ErrNone when there is none.
	Load(ctx context.Context, key Key) (Record, error)
	// Replace keeps r if the kept record still has version r.Version, and raises it; ErrChanged or ErrNone otherwise.
	Replace(ctx context.Context, key Key, r Record) error
	// Delete forgets the record; one that is not there is no error.
	Delete(ctx context.Context, key Key) error
	// Spend marks a one-time text as used for ttl and reports whether this was the first time.
	Spend(ctx context.Context, text string, ttl time.Duration) (bool, error)
}
