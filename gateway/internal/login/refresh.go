package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
)

// refreshAhead is how long before its end an access token is replaced, so that it outlives the request that carries it; of a
// short-lived one it is a third of its life.
const refreshAhead = 60 * time.Second

// refreshPause is how long refreshes rest after the identity server could not be reached: requests must not wait for it one
// after the other.
const refreshPause = 5 * time.Second

func refreshAt(now, expires time.Time) time.Time {
	return expires.Add(-min(refreshAhead, expires.Sub(now)/3))
}

// fresh gives the session with an access token that outlives the request. While the identity server is away the old token serves
// as long as it is valid.
func (l *Login) fresh(ctx context.Context, s session.Current) (session.Current, error) {
	now := l.now()
	valid, resting := now.Before(s.AccessExpires), now.UnixNano() < l.resting.Load()
	switch {
	case now.Before(s.RefreshAt), valid && (s.RefreshToken == "" || resting):
		return s, nil
	case resting:
		return session.Current{}, fmt.Errorf("%w: a moment ago", errUnavailable)
	}
	renewed, err := l.refresh(ctx, s)
	if errors.Is(err, errUnavailable) {
		l.resting.Store(l.now().Add(refreshPause).UnixNano())
	}
	if err != nil && valid && !errors.Is(err, session.ErrNone) {
		return s, nil
	}
	return renewed, err
}

// refresh exchanges the session's refresh token, one exchange at a time per session: parallel requests wait and share the result
// (RFC 9700 §4.14; a one-time refresh token that is used twice ends the session at the identity server).
func (l *Login) refresh(ctx context.Context, s session.Current) (session.Current, error) {
	result := l.refreshes.DoChan(string(s.Key[:]), func() (any, error) {
		// The exchange serves all who wait: it does not end with the request that happened to begin it.
		return l.exchange(context.WithoutCancel(ctx), s)
	})
	select {
	case r := <-result:
		return r.Val.(session.Current), r.Err
	case <-ctx.Done():
		return session.Current{}, ctx.Err()
	}
}

func (l *Login) exchange(ctx context.Context, s session.Current) (session.Current, error) {
	waiting, cancel := context.WithTimeout(ctx, 2*providerTimeout)
	defer cancel()
	release, kept, err := l.takeTurn(waiting, s)
	if err != nil {
		return session.Current{}, err
	}
	defer release()
	if kept.Version != s.Version { // somebody else was faster
		return session.Current{Record: kept, Key: s.Key}, nil
	}
	if kept.RefreshToken == "" {
		return session.Current{}, l.endSession(ctx, s.Key, "no refresh token")
	}
	ctx, cancel = context.WithTimeout(ctx, 2*providerTimeout) // all of it, however long the turn was in coming
	defer cancel()
	next, err := l.redeem(ctx, kept)
	if errors.Is(err, errDenied) {
		return session.Current{}, l.endSession(ctx, s.Key, "refresh token refused")
	}
	if err != nil {
		return session.Current{}, err
	}
	if err := l.cfg.Store.Replace(ctx, s.Key, next); err != nil {
		return session.Current{}, errors.Join(fmt.Errorf("keep refreshed tokens: %w", err), l.disown(ctx, err, kept, next))
	}
	next.Version++
	return session.Current{Record: next, Key: s.Key}, nil
}

// disown revokes the refresh token that an exchange has brought for a session that has ended meanwhile. While the store is away nobody
// knows whether it has kept it.
func (l *Login) disown(ctx context.Context, cause error, kept, next session.Record) error {
	if next.RefreshToken == kept.RefreshToken || !errors.Is(cause, session.ErrNone) && !errors.Is(cause, session.ErrChanged) {
		return nil
	}
	p, err := l.provider.get(ctx)
	if err != nil {
		return fmt.Errorf("revoke refresh token: %w", err)
	}
	return l.revoke(ctx, p, next.RefreshToken)
}

// A turn is one replica's right to refresh a session. It ends by itself when its owner dies, later than any exchange takes; who waits
// for it looks every turnPause.
const (
	turnLease = 3 * providerTimeout
	turnPause = 25 * time.Millisecond
)

// takeTurn waits until no other replica refreshes the session, and gives the record as it is then. When that has another version,
// the work is done already.
func (l *Login) takeTurn(ctx context.Context, s session.Current) (release func(), kept session.Record, err error) {
	for {
		var ours bool
		if release, ours, err = l.cfg.Store.Claim(ctx, "refresh "+s.Key.Handle(), turnLease); err != nil {
			return nil, kept, err
		}
		if kept, err = l.cfg.Store.Load(ctx, s.Key); err != nil {
			release()
			return nil, kept, err
		}
		if ours || kept.Version != s.Version {
			return release, kept, nil
		}
		select {
		case <-time.After(turnPause):
		case <-ctx.Done():
			return nil, kept, fmt.Errorf("%w: another replica refreshes", errUnavailable)
		}
	}
}

// redeem asks for new tokens and verifies them. The answer may leave the refresh token out, which keeps the old one good (RFC 6749
// §6).
func (l *Login) redeem(ctx context.Context, r session.Record) (session.Record, error) {
	p, err := l.provider.get(ctx)
	if err != nil {
		return session.Record{}, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, l.client)
	tokens, err := l.oauth(p).TokenSource(ctx, &oauth2.Token{RefreshToken: r.RefreshToken}).Token()
	if err != nil {
		return session.Record{}, exchangeError(err)
	}
	user, err := l.cfg.Verifier.Verify(ctx, tokens.AccessToken, auth.Target{})
	if errors.Is(err, auth.ErrUnavailable) {
		return session.Record{}, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if err != nil {
		return session.Record{}, fmt.Errorf("%w: refreshed access token: %w", errUntrusted, err)
	}
	if user.Subject != r.Subject {
		return session.Record{}, fmt.Errorf("%w: refreshed access token names another user", errUntrusted)
	}
	r.SessionID = cmp.Or(user.SessionID, r.SessionID)
	r.AccessToken, r.AccessExpires, r.RefreshAt = tokens.AccessToken, user.ExpiresAt, refreshAt(l.now(), user.ExpiresAt)
	r.RefreshToken = cmp.Or(tokens.RefreshToken, r.RefreshToken)
	return r, nil
}

// endSession ends a session that cannot go on; the caller is then nobody.
func (l *Login) endSession(ctx context.Context, key session.Key, why string) error {
	if err := l.cfg.Store.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return fmt.Errorf("%w: %s", session.ErrNone, why)
}
