package session

import (
	"context"
	"errors"
	"time"
)

// Ender ends sessions that the identity server has taken back.
type Ender struct{ Store Store }

// EndUser ends the user's sessions that began before the time.
func (e Ender) EndUser(ctx context.Context, subject string, before time.Time) error {
	return e.end(ctx, subject, func(r Record) bool { return r.Since.Before(before) })
}

// EndToken ends the user's session with that id at the identity server.
func (e Ender) EndToken(ctx context.Context, subject, sessionID string) error {
	return e.end(ctx, subject, func(r Record) bool { return r.SessionID == sessionID })
}

func (e Ender) end(ctx context.Context, subject string, concerned func(Record) bool) error {
	sessions, err := e.Store.OfUser(ctx, subject)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range sessions {
		if concerned(s.Record) {
			errs = append(errs, e.Store.Delete(ctx, s.Key))
		}
	}
	return errors.Join(errs...)
}
