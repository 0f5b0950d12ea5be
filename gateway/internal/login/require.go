package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/problem"
)

// Require lets signed-in callers pass: a browser with a session, or an API client with a user's access token as Bearer. Their
// principal is then known to [auth.From], and their token to [Login.Token]. Nobody signed in is a 401, or the way to the login for
// a browser's visit to a page.
func (l *Login) Require(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	token, since, err := l.credential(c)
	if err != nil {
		l.refuse(c, err)
		return
	}
	p, err := l.principal(c.Request.Context(), token, since)
	if err != nil {
		l.refuse(c, err)
		return
	}
	auth.Pass(c, p)
	c.Set(tokenKey, token)
}

const tokenKey = "login.token" // the caller's access token; never written to a log

// credential gives the access token that the caller sent, or that its session holds, and since when the session is: the zero time
// without one.
func (l *Login) credential(c *gin.Context) (token string, since time.Time, err error) {
	if !session.HasCookie(c.Request, l.cfg.Secure) {
		token, err = auth.BearerToken(c.Request)
		return token, since, err
	}
	current, err := session.From(c)
	if err != nil {
		return "", since, err
	}
	current, err = l.fresh(c.Request.Context(), current)
	return current.AccessToken, current.Since, err
}

// principal verifies the token at every request, since roles are taken from it alone, and asks whether it was taken back. Of a
// session the login counts, of a token alone the time at which it was issued.
func (l *Login) principal(ctx context.Context, token string, since time.Time) (auth.Principal, error) {
	p, err := l.cfg.Verifier.Verify(ctx, token, auth.Target{})
	if err != nil {
		return p, err
	}
	if since.IsZero() {
		since = p.IssuedAt
	}
	if l.cfg.Revoked(p, since) {
		return auth.Principal{}, auth.ErrRevoked
	}
	return p, nil
}

// Visitor gives the principal and the session of whoever is signed in with this browser, for pages that all may see. It never
// fails: while sessions or identity server are away, nobody is signed in there.
func (l *Login) Visitor(c *gin.Context) (auth.Principal, session.Record, bool) {
	current, err := session.From(c)
	if err == nil {
		current, err = l.fresh(c.Request.Context(), current)
	}
	if err != nil {
		return auth.Principal{}, session.Record{}, false
	}
	p, err := l.principal(c.Request.Context(), current.AccessToken, current.Since)
	return p, current.Record, err == nil
}

// refuse answers a caller who is not signed in: an outage is a 503, a browser's visit goes to the login, all else is a 401.
func (l *Login) refuse(c *gin.Context, err error) {
	refusal, refused := errors.AsType[auth.Refusal](err)
	switch {
	case transient(err):
		l.fail(c, err)
	case errors.Is(err, errUntrusted), !refused && !errors.Is(err, session.ErrNone):
		problem.Unavailable(c, "Your sign-in cannot be checked at the moment.", err)
	case visits(c.Request):
		_ = c.Error(err)
		c.Redirect(http.StatusFound, to(localPath(c.Request.RequestURI)))
		c.Abort()
	default:
		problem.Unauthorized(c, refused && refusal.TokenSent(), err)
	}
}

// visits reports whether a redirect to the login helps: a page is asked for by a browser's own navigation. Scripts and images
// that fetch metadata betray (Sec-Fetch-Mode) get the status.
func visits(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return auth.Navigates(r) && (mode == "" || mode == "navigate")
}

// Token gives the access token of a caller whom [Login.Require] let pass. With renew, a session's token is refreshed first,
// because a service has refused it; a Bearer client's token is what it is.
func (l *Login) Token(c *gin.Context, renew bool) (string, error) {
	token := c.GetString(tokenKey)
	if token == "" {
		return "", errors.New("route relays a user's token but does not authenticate")
	}
	if !renew || !session.HasCookie(c.Request, l.cfg.Secure) {
		return token, nil
	}
	current, err := session.From(c)
	if errors.Is(err, session.ErrNone) {
		return token, nil
	}
	if err != nil {
		return "", fmt.Errorf("renew token: %w", err)
	}
	current, err = l.refresh(c.Request.Context(), current)
	if errors.Is(err, session.ErrNone) {
		return "", auth.ErrExpired
	}
	return current.AccessToken, err
}
