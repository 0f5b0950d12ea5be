package revocation

import (
	"context"
	"time"
)

// What the tests measure against.
const (
	MaxBody   = maxBody
	MaxSeen   = maxSeen
	Leeway    = leeway
	Retention = retention
	Stream    = stream
)

// User is the name under which a user is listed.
func User(id string) Digest { return hash(ofUser, id) }

// Token is the name under which a refresh token is listed.
func Token(id string) Digest { return hash(ofToken, id) }

// Size returns how many revocations are listed, ended ones included that nobody has tidied away.
func (l *List) Size() int64 { return l.size.Load() }

// Event is what the parser makes of a body.
type Event struct {
	Kind, ID, Subject, Token string
	Created                  time.Time
	Life                     time.Duration
	Ours                     bool
}

// ParseEvent lets tables and the fuzz test see the parser alone.
func ParseEvent(body []byte, clientID string) (Event, error) {
	e, err := parseEvent(body, clientID)
	return Event{e.kind, e.id, e.subject, e.token, e.created, e.life, e.ours}, err
}

// ReadAll returns what is in the log.
func ReadAll(ctx context.Context, log Log) ([]Entry, error) {
	entries, _, err := log.Read(ctx, "")
	return entries, err
}
