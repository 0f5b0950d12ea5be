package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
)

// logout ends the session here, revokes the refresh token, and sends the browser on to end the single sign-on.
func (l *Login) logout(c *gin.Context) {
	l.signOut(c, endNone)
}

// logoutEverywhere is logout for every session of the user.
func (l *Login) logoutEverywhere(c *gin.Context) {
	l.signOut(c, l.endOthers)
}

// signOut ends other sessions and then the current one here, before it asks the identity server for anything: that may hang.
func (l *Login) signOut(c *gin.Context, others func(*gin.Context, session.Current) (refreshTokens []string, err error)) {
	c.Header("Cache-Control", "no-store")
	current, err := session.From(c)
	signedIn := err == nil
	if errors.Is(err, session.ErrNone) {
		err = nil
	}
	var ended []string
	if signedIn {
		ended, err = others(c, current)
	}
	if err == nil {
		err = session.End(c)
	}
	switch {
	case err != nil:
		l.forget(c, ended...)
		l.fail(c, err)
	case !signedIn:
		c.Redirect(http.StatusSeeOther, "/")
	default:
		c.Set(gin.AuthUserKey, current.Subject)
		l.logins.clear(c.Writer)
		c.Redirect(http.StatusSeeOther, l.farewell(l.forget(c, append(ended, current.RefreshToken)...)))
	}
}

func endNone(*gin.Context, session.Current) ([]string, error) { return nil, nil }

// endOthers ends the sessions of the user but the current one, and gives their refresh tokens.
func (l *Login) endOthers(c *gin.Context, current session.Current) (refreshTokens []string, err error) {
	ctx := context.WithoutCancel(c.Request.Context()) // also for a client that hangs up now
	all, err := l.cfg.Store.OfUser(ctx, current.Subject)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Key == current.Key {
			continue
		}
		if err := l.cfg.Store.Delete(ctx, s.Key); err != nil {
			return refreshTokens, err
		}
		refreshTokens = append(refreshTokens, s.RefreshToken)
	}
	return refreshTokens, nil
}

// farewell is the address that ends the identity server's own session; the shop while the server cannot be asked for it.
func (l *Login) farewell(p *provider) string {
	if p == nil || p.endSession == nil {
		return "/"
	}
	// client_id in place of id_token_hint, which would put a token into the browser's address line (RP-Initiated Logout §2).
	target := *p.endSession
	query := target.Query()
	query.Set("client_id", l.cfg.ClientID)
	query.Set("post_logout_redirect_uri", l.cfg.GatewayURL.String()+"/")
	target.RawQuery = query.Encode()
	return target.String()
}

// revoke makes the refresh token worthless: by RFC 7009 where the identity server offers it, else by FusionAuth's logout API.
func (l *Login) revoke(ctx context.Context, p *provider, refreshToken string) error {
	if refreshToken == "" {
		return nil
	}
	req, err := l.revocation(ctx, p, refreshToken)
	if err != nil {
		return fmt.Errorf("revoke refresh token: %w", err)
	}
	res, err := l.client.Do(req)
	if err != nil {
		return fmt.Errorf("revoke refresh token: %w", errUnavailable)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("revoke refresh token: %s", res.Status)
	}
	return nil
}

func (l *Login) revocation(ctx context.Context, p *provider, refreshToken string) (*http.Request, error) {
	if p.revocation == "" {
		body, err := json.Marshal(map[string]any{"global": false, "refreshToken": refreshToken})
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.cfg.FusionAuthURL.String()+"/api/logout", bytes.NewReader(body))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
		return req, err
	}
	form := url.Values{"token": {refreshToken}, "token_type_hint": {"refresh_token"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.revocation, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(url.QueryEscape(l.cfg.ClientID), url.QueryEscape(string(l.secret.Get()))) // RFC 6749 §2.3.1
	}
	return req, err
}

// logoutByLink is logout by a link. From another site it only asks, or any link there could sign people out; HEAD, which looks
// ahead, signs nobody out.
func (l *Login) logoutByLink(c *gin.Context) {
	if c.Request.Method == http.MethodGet && fromHere(c) {
		l.logout(c)
		return
	}
	l.cfg.Pages.ConfirmLogout(c)
}

// fromHere reports whether no other site has sent the browser here, as far as it says.
func fromHere(c *gin.Context) bool {
	site := c.GetHeader("Sec-Fetch-Site")
	return site == "" || site == "none" || site == "same-origin"
}

// logoutFrontChannel is loaded by the identity server's pages, in a frame, when the user signs out there. It answers 200 however often it
// is called and whoever calls it. A link from another site is no frame, and only asks.
func (l *Login) logoutFrontChannel(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	if c.GetHeader("Sec-Fetch-Dest") == "document" && !fromHere(c) {
		l.cfg.Pages.ConfirmLogout(c)
		return
	}
	if err := session.End(c); err != nil {
		l.fail(c, err)
		return
	}
	c.String(http.StatusOK, "signed out\n")
}
