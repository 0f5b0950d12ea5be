// Package session keeps people signed in: what the gateway remembers of a browser, under an opaque id in its cookie.
//
// Handlers see gin-contrib/sessions; the [Store] behind it is ours, because no store of that package gives a new id at login,
// or ends a stolen cookie at logout. [Memory] serves a single gateway, [Redis] many that then have no state of their own. Tokens
// never leave the server. Handlers use [From], [Start] and [End]:
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
	"encoding/base64"
	"errors"
	"time"
)

// ErrNone says that the request belongs to no session: no cookie, an unknown one, or one whose session has ended.
var ErrNone = errors.New("no session")

// ErrChanged says that a record was replaced by somebody else since it was read.
var ErrChanged = errors.New("session changed meanwhile")

// ErrAway says that the store cannot be reached, or cannot be used. Nobody knows then who is signed in: the answer is 503, never 401.
var ErrAway = errors.New("session store unavailable")

// Lifetimes of a session. Both end it on the server, whatever the cookie says.
type Lifetimes struct {
	Idle     time.Duration // without a request
	Absolute time.Duration // since login
}

// DefaultLifetimes are those of a working day.
var DefaultLifetimes = Lifetimes{Idle: 2 * time.Hour, Absolute: 12 * time.Hour}

// Record is what is remembered of one signed-in browser. It is a value: a change is a new record that replaces the old one, of
// the same subject.
type Record struct {
	Subject string
	Name    string
	Email   string

	Since     time.Time // of the login, taken before the code was exchanged
	SessionID string    // the identity server's, the sid of the access token; "" when it gave none

	AccessToken   string
	AccessExpires time.Time
	RefreshAt     time.Time // from when on the access token should be replaced
	RefreshToken  string    // "" when the identity server gave none

	Expires time.Time // the absolute end
	Version uint64    // raised by each replacement
}

// Key is the hash of a session id. Whoever reads the store cannot make a cookie from it.
type Key [sha256.Size]byte

// Handle names the session in public: its owner may see it, and nothing can be opened with it.
func (k Key) Handle() string {
	sum := sha256.Sum256(k[:])
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Store keeps records. Implementations are safe for concurrent use, drop records that are idle or expired, pass sessiontest.Run,
// and wrap ErrAway when they cannot tell.
type Store interface {
	// Create keeps a new record.
	Create(ctx context.Context, key Key, r Record) error
	// Load gives the record and counts as use of the session; ErrNone when there is none.
	Load(ctx context.Context, key Key) (Record, error)
	// Replace keeps r if the kept record still has version r.Version, and raises it; ErrChanged or ErrNone otherwise.
	Replace(ctx context.Context, key Key, r Record) error
	// Delete forgets the record; one that is not there is no error.
	Delete(ctx context.Context, key Key) error
	// OfUser gives the sessions of a user that are alive, the newest login first. It is no use of them.
	OfUser(ctx context.Context, subject string) ([]Current, error)
	// Spend marks a one-time text as used for ttl and reports whether this was the first time.
	Spend(ctx context.Context, text string, ttl time.Duration) (bool, error)
	// Claim takes a piece of work for at most lease unless somebody else has it. Release gives it back early, and never what
	// somebody else has claimed since; it is there even when ok is false.
	Claim(ctx context.Context, name string, lease time.Duration) (release func(), ok bool, err error)
}
