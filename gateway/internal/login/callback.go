package login

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"
	"golang.org/x/sync/errgroup"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/problem"
)

// The ways in which a callback fails; problems says how each is answered.
var (
	errUnavailable = errors.New("identity server unavailable")
	errDenied      = errors.New("identity server refused")
	errUntrusted   = errors.New("answer of the identity server is not acceptable")
)

var problems = problem.Table{
	{Err: errUnavailable, Status: http.StatusServiceUnavailable, Slug: "identity-unavailable", Detail: "The identity server does not answer. Try again in a moment."},
	{Err: session.ErrAway, Status: http.StatusServiceUnavailable, Slug: "session-unavailable", Detail: "Sessions are not available. Try again in a moment."},
	{Err: errDenied, Status: http.StatusBadRequest, Slug: "login-refused", Detail: "The identity server did not complete the sign-in. Start again at /login."},
	{Err: errUntrusted, Status: http.StatusBadGateway, Slug: "login-untrusted", Detail: "The identity server's answer could not be verified. Nobody was signed in."},
}

func (l *Login) fail(c *gin.Context, err error) {
	if transient(err) {
		c.Header("Retry-After", "1")
	}
	problems.Respond(c, err)
}

// transient reports whether trying again in a moment may help.
func transient(err error) bool {
	return errors.Is(err, errUnavailable) || errors.Is(err, session.ErrAway)
}

// callback receives the browser from the identity server (RFC 6749 §4.1.2).
func (l *Login) callback(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	state := c.Query("state")
	t, err := l.attempts.open(c.Request, state, l.now())
	if err != nil {
		l.stray(c, attempt{State: state, ReturnTo: "/"})
		return
	}
	l.attempts.clear(c.Writer, state)
	first, err := l.cfg.Store.Spend(c.Request.Context(), state, attemptLife)
	if err != nil {
		l.fail(c, err)
		return
	}
	if !first {
		l.stray(c, t)
		return
	}
	record, err := l.complete(c, t)
	if err != nil {
		l.fail(c, err)
		return
	}
	before, _ := session.From(c) // the zero value is none
	if err := session.Start(c, record); err != nil {
		l.fail(c, err)
		return
	}
	c.Set(gin.AuthUserKey, record.Subject)
	l.logins.note(c.Writer, c.Request, l.now())
	if before.RefreshToken != record.RefreshToken {
		l.forget(c, before.RefreshToken)
	}
	c.Redirect(http.StatusSeeOther, t.ReturnTo)
}

// forget revokes the refresh tokens of sessions that have ended here, all at once and within the time of one, and gives the identity server
// for what else it should hear; nil while that is away. What fails goes to the log and no further.
func (l *Login) forget(c *gin.Context, refreshTokens ...string) *provider {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), providerTimeout) // also for a client that hangs up now
	defer cancel()
	p, err := l.provider.get(ctx)
	if err != nil {
		_ = c.Error(err)
		return nil
	}
	var group errgroup.Group
	group.SetLimit(revocations)
	faults := make([]error, len(refreshTokens))
	for i, token := range refreshTokens {
		group.Go(func() error {
			faults[i] = l.revoke(ctx, p, token)
			return nil
		})
	}
	_ = group.Wait()
	for _, err := range faults {
		if err != nil {
			_ = c.Error(err)
		}
	}
	return p
}

// stray answers a callback that belongs to no attempt of this browser, or to one that is over: a reloaded page, a second tab, or
// somebody else's code. Nobody is signed in by it; whoever is signed in already goes on.
func (l *Login) stray(c *gin.Context, t attempt) {
	_ = c.Error(errNoAttempt)
	if _, err := session.From(c); err == nil {
		c.Redirect(http.StatusSeeOther, t.ReturnTo)
		return
	}
	c.Redirect(http.StatusFound, to(t.ReturnTo)+"&"+strayed+"="+strconv.Itoa(min(t.strays()+1, maxStrays)))
}

// complete turns the answer into a session record, or fails without one.
func (l *Login) complete(c *gin.Context, t attempt) (session.Record, error) {
	ctx := c.Request.Context()
	p, err := l.provider.get(ctx)
	if err != nil {
		return session.Record{}, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if err := l.checkAnswer(c, p); err != nil {
		return session.Record{}, err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, l.client)
	since := l.now() // before the tokens are made: what is revoked from now on concerns this login
	tokens, err := l.oauth(p).Exchange(ctx, c.Query("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return session.Record{}, exchangeError(err)
	}
	return l.identify(ctx, p, t, tokens, since)
}

// checkAnswer looks at the authorization response itself: iss against mix-up (RFC 9207 §2.4), error, a code.
func (l *Login) checkAnswer(c *gin.Context, p *provider) error {
	iss, given := c.GetQuery("iss")
	switch {
	case given && iss != l.cfg.Issuer, !given && p.alwaysIssues:
		return fmt.Errorf("%w: iss of another identity server, or none", errDenied)
	case c.Query("error") != "":
		return fmt.Errorf("%w: error response", errDenied)
	case c.Query("code") == "":
		return fmt.Errorf("%w: no code", errDenied)
	}
	return nil
}

// exchangeError sorts the failures of the token endpoint: it said no, it said nothing usable, or it said nothing.
func exchangeError(err error) error {
	refusal, answered := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !answered && errors.Is(err, errTooLarge):
		return fmt.Errorf("%w: token endpoint: %w", errUntrusted, errTooLarge)
	case !answered && isTransport(err):
		return fmt.Errorf("%w: token endpoint", errUnavailable)
	case !answered:
		return fmt.Errorf("%w: token endpoint: answer is no token response", errUntrusted)
	case refusal.Response != nil && refusal.Response.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%w: token endpoint: %s", errUnavailable, refusal.Response.Status)
	case refusal.ErrorCode == "invalid_grant":
		return fmt.Errorf("%w: invalid_grant", errDenied)
	default:
		return fmt.Errorf("%w: token endpoint refused the client", errUntrusted)
	}
}

// identify verifies what the token endpoint gave (OpenID Connect Core §3.1.3.7). Roles come later, from the access token, at each
// request; here it must only verify and speak of the same user.
func (l *Login) identify(ctx context.Context, p *provider, t attempt, tokens *oauth2.Token, since time.Time) (session.Record, error) {
	raw, _ := tokens.Extra("id_token").(string)
	var outage error
	id, err := p.idTokens.Verify(context.WithValue(ctx, outageKey{}, &outage), raw)
	switch {
	case outage != nil:
		return session.Record{}, fmt.Errorf("%w: keys of ID tokens: %w", errUnavailable, outage)
	case err != nil:
		return session.Record{}, fmt.Errorf("%w: ID token: %w", errUntrusted, err)
	case id.Nonce != t.Nonce:
		return session.Record{}, fmt.Errorf("%w: nonce", errUntrusted)
	case id.AccessTokenHash != "" && !hashes(id.AccessTokenHash, tokens.AccessToken):
		return session.Record{}, fmt.Errorf("%w: at_hash", errUntrusted)
	}
	user, err := l.cfg.Verifier.Verify(ctx, tokens.AccessToken, auth.Target{})
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return session.Record{}, fmt.Errorf("%w: %w", errUnavailable, err)
	case err != nil:
		return session.Record{}, fmt.Errorf("%w: access token: %w", errUntrusted, err)
	case user.Subject != id.Subject || user.Subject == "":
		return session.Record{}, fmt.Errorf("%w: ID token and access token name different users", errUntrusted)
	case l.cfg.Revoked(user, since):
		return session.Record{}, fmt.Errorf("%w: revoked since the login began", errDenied)
	}
	name, email, err := profile(id)
	if err != nil {
		return session.Record{}, fmt.Errorf("%w: profile claims", errUntrusted)
	}
	now := l.now()
	return session.Record{
		Subject: user.Subject, Name: name, Email: email, Since: since, SessionID: user.SessionID,
		AccessToken: tokens.AccessToken, AccessExpires: user.ExpiresAt, RefreshAt: refreshAt(now, user.ExpiresAt),
		RefreshToken: tokens.RefreshToken, Expires: now.Add(l.cfg.Lifetime),
	}, nil
}

// hashes reports whether atHash is the left half of the access token's hash (OpenID Connect Core §3.1.3.6). Its length tells the
// hash: SHA-256 beside every algorithm that is taken here, SHA-512 beside EdDSA.
func hashes(atHash, accessToken string) bool {
	given, err := base64.RawURLEncoding.DecodeString(atHash)
	if err != nil {
		return false
	}
	short, long := sha256.Sum256([]byte(accessToken)), sha512.Sum512([]byte(accessToken))
	return bytes.Equal(given, short[:len(short)/2]) || bytes.Equal(given, long[:len(long)/2])
}

// profile gives what the ID token says of the user (OpenID Connect Core §5.1), as far as scopes let it; both may be "".
func profile(id *oidc.IDToken) (name, email string, err error) {
	var claims struct {
		Name     string `json:"name"`
		Given    string `json:"given_name"`
		Family   string `json:"family_name"`
		Username string `json:"preferred_username"`
		Email    string `json:"email"`
	}
	err = id.Claims(&claims)
	full := strings.TrimSpace(claims.Given + " " + claims.Family)
	return cmp.Or(claims.Name, full, claims.Username, claims.Email), claims.Email, err
}

// isTransport reports whether err means that no answer came, rather than a bad one.
func isTransport(err error) bool {
	_, transport := errors.AsType[*url.Error](err)
	return transport
}
