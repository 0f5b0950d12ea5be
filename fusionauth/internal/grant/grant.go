// Package grant remembers what has been granted: authorization codes, refresh tokens and single sign-on sessions.
//
// Everything is in memory, bounded, and gone with the process; secrets are filed under their hash. The package knows nothing of
// HTTP and of tokens that are signed.
package grant

import (
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// Login is one act of signing in, on which everything else rests.
type Login struct {
	UserID string
	At     time.Time
}

// How much is remembered at once, and for how long.
const (
	maxCodes, codeTTL       = 20_000, 30 * time.Second
	replayTTL               = time.Hour // how long a used code is remembered
	maxSessions, sessionTTL = 10_000, 8 * time.Hour
	maxRefreshTokens        = 50_000
)

// Code is what an authorization code stands for (RFC 6749 §4.1.2).
type Code struct {
	Login         Login
	ApplicationID string
	RedirectURI   string // as it was sent to the authorization endpoint
	Scope         []string
	Nonce         string
	Challenge     string // PKCE S256; "" when the client sent none
}

// Codes are authorization codes; each works once, for 30 seconds. A used code is remembered, so that its replay can be answered.
type Codes struct {
	now   func() time.Time
	shelf *shelf[*issued]
}

type issued struct {
	code      Code
	until     time.Time
	used      bool
	replayed  bool
	refreshID string // the refresh token that it gave, "" for none yet
}

// NewCodes returns an empty set of codes.
func NewCodes(now func() time.Time) *Codes {
	return &Codes{now: now, shelf: newShelf[*issued](maxCodes, now)}
}

// Issue makes a code.
func (c *Codes) Issue(code Code) string {
	value := secret()
	c.shelf.put(digestOf(value), &issued{code: code, until: c.now().Add(codeTTL)}, replayTTL)
	return value
}

// Redeem gives what value stands for and makes it worthless, whatever the caller then thinks of the rest of the request. When the
// code has been used before, revoke is the refresh token that it gave then, or "".
func (c *Codes) Redeem(value string) (code Code, revoke string, ok bool) {
	c.shelf.with(digestOf(value), func(i *issued) {
		if i.used {
			i.replayed, revoke = true, i.refreshID
			return
		}
		i.used = true
		code, ok = i.code, c.now().Before(i.until)
	})
	return code, revoke, ok
}

// Gave notes which refresh token a redeemed code gives. It reports false when the code has come again by then, and the token must
// not be handed out.
func (c *Codes) Gave(value, refreshTokenID string) (ok bool) {
	c.shelf.with(digestOf(value), func(i *issued) {
		i.refreshID = refreshTokenID
		ok = !i.replayed
	})
	return ok
}

// RevokeUser takes back the codes of a user, used or not.
func (c *Codes) RevokeUser(userID string) {
	c.shelf.dropAll(func(i *issued) bool { return i.code.Login.UserID == userID })
}

// Sessions are the single sign-on sessions of browsers.
type Sessions struct{ shelf *shelf[Login] }

// NewSessions returns an empty set of sessions.
func NewSessions(now func() time.Time) *Sessions {
	return &Sessions{newShelf[Login](maxSessions, now)}
}

// Start begins a session under a new id.
func (s *Sessions) Start(login Login) string {
	id := secret()
	s.shelf.put(digestOf(id), login, sessionTTL)
	return id
}

// Find gives the login of a session.
func (s *Sessions) Find(id string) (Login, bool) { return s.shelf.get(digestOf(id)) }

// End forgets a session.
func (s *Sessions) End(id string) { s.shelf.take(digestOf(id)) }

// EndUser forgets every session of a user, and reports how many.
func (s *Sessions) EndUser(userID string) int {
	return s.shelf.dropAll(func(l Login) bool { return l.UserID == userID })
}

// Session is one in force as it may be shown: its id tells it apart and is no cookie.
type Session struct {
	ID    string
	Login Login
}

// List gives the sessions in force, the oldest first.
func (s *Sessions) List() []Session {
	var sessions []Session
	for _, e := range s.shelf.all() {
		sessions = append(sessions, Session{ID: hex.EncodeToString(e.key[:8]), Login: e.value})
	}
	return sessions
}

// newID is the public id of a refresh token, by which it can be revoked and looked at without being known.
func newID() string { return uuid.NewString() }
