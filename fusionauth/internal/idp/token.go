package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/kickstart"
)

// tokenResponse is the answer of the token endpoint (RFC 6749 §5.1).
type tokenResponse struct {
	AccessToken    string `json:"access_token"`
	ExpiresIn      int    `json:"expires_in"`
	IDToken        string `json:"id_token,omitempty"`
	RefreshToken   string `json:"refresh_token,omitempty"`
	RefreshTokenID string `json:"refresh_token_id,omitempty"`
	Scope          string `json:"scope,omitempty"`
	TokenType      string `json:"token_type"`
	UserID         string `json:"userId"`
}

// token serves POST /oauth2/token.
func (h *Handler) token(w http.ResponseWriter, r *http.Request) {
	response, fault := h.exchange(r)
	if fault != nil {
		fault.write(w)
		return
	}
	writeJSON(w, http.StatusOK, response)
}

func (h *Handler) exchange(r *http.Request) (tokenResponse, *oauthError) {
	if fault := oauthForm(r); fault != nil {
		return tokenResponse{}, fault
	}
	switch r.PostForm.Get("grant_type") {
	case kickstart.GrantCode:
		return h.exchangeCode(r)
	case kickstart.GrantRefresh:
		return h.exchangeRefresh(r)
	case "":
		return tokenResponse{}, errMissingGrant
	case "client_credentials":
		return tokenResponse{}, errNotLicensed
	default:
		return tokenResponse{}, errGrantType
	}
}

// exchangeCode is the authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5). Once the client is known, one attempt is all
// that a code has: whoever guesses at a verifier or a redirect URI has burnt it.
func (h *Handler) exchangeCode(r *http.Request) (tokenResponse, *oauthError) {
	verifier := r.PostForm.Get("code_verifier")
	c, fault := h.client(r, func(app kickstart.Application) bool {
		return app.OAuth.ClientPolicy == kickstart.NotRequired || app.OAuth.ClientPolicy == kickstart.NotRequiredWhenUsingPKCE && verifier != ""
	})
	if fault != nil {
		return tokenResponse{}, fault
	}
	if !slices.Contains(c.OAuth.Grants, kickstart.GrantCode) {
		return tokenResponse{}, errGrantDisabled
	}
	value := r.PostForm.Get("code")
	if value == "" {
		return tokenResponse{}, errMissingCode
	}
	code, fault := h.redeem(r, c, value)
	if fault == nil {
		fault = checkCode(c, code, r.PostForm.Get("redirect_uri"), verifier)
	}
	if fault != nil {
		return tokenResponse{}, fault
	}
	return h.respond(c.Application, code, value)
}

// redeem takes the code out of circulation. A code that comes a second time may have been stolen before the first: the refresh
// token that it gave is revoked (RFC 6749 §4.1.2).
func (h *Handler) redeem(r *http.Request, c client, value string) (grant.Code, *oauthError) {
	code, revoke, ok := h.codes.Redeem(value)
	if token, ended := h.refresh.RevokeID(revoke); ended {
		h.tellToken(infoOf(r), token)
	}
	if !ok || code.ApplicationID != c.ID {
		return grant.Code{}, errCode
	}
	return code, nil
}

func checkCode(c client, code grant.Code, redirectURI, verifier string) *oauthError {
	switch {
	case redirectURI == "":
		return errMissingRedirect
	case redirectURI != code.RedirectURI:
		return errCodeRedirect
	case verifier == "" && (code.Challenge != "" || !c.authenticated && c.OAuth.PKCEPolicy != kickstart.NotRequired):
		return errMissingVerify
	case verifier != "" && !verifies(verifier, code.Challenge): // also a verifier without a challenge (RFC 9700 §4.8.2)
		return errVerifier
	}
	return nil
}

// verifies is the check of RFC 7636 §4.6 for S256.
func verifies(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	computed := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(computed), []byte(challenge)) == 1
}

// respond makes the tokens that a code stands for.
func (h *Handler) respond(app kickstart.Application, code grant.Code, value string) (tokenResponse, *oauthError) {
	o := order{
		app: app, login: code.Login, scope: code.Scope, nonce: code.Nonce,
		authenticationType: "PASSWORD", grants: []string{kickstart.GrantCode}, ttl: app.JWT.AccessTokenTTL,
	}
	refreshToken := ""
	if slices.Contains(code.Scope, "offline_access") && app.OAuth.RefreshTokens {
		token := grant.Refresh{Login: code.Login, ApplicationID: app.ID, Scope: code.Scope, Grants: o.grants}
		token, refreshToken = h.refresh.Issue(token, app.JWT.RefreshTokenTTL)
		o.refreshID = token.ID
		if !h.codes.Gave(value, token.ID) {
			h.refresh.RevokeID(token.ID) // the code was replayed meanwhile
			return tokenResponse{}, errCode
		}
	}
	response, fault := h.mint(o)
	response.Scope = strings.Join(code.Scope, " ")
	response.RefreshToken, response.RefreshTokenID = refreshToken, o.refreshID
	return response, fault
}

// exchangeRefresh is the refresh grant (RFC 6749 §6).
func (h *Handler) exchangeRefresh(r *http.Request) (tokenResponse, *oauthError) {
	c, fault := h.client(r, func(app kickstart.Application) bool { return app.OAuth.ClientPolicy != kickstart.Required })
	if fault != nil {
		return tokenResponse{}, fault
	}
	if !slices.Contains(c.OAuth.Grants, kickstart.GrantRefresh) {
		return tokenResponse{}, errGrantDisabled
	}
	value := r.PostForm.Get("refresh_token")
	if value == "" {
		return tokenResponse{}, errMissingRefresh
	}
	token, ok := h.refresh.Find(value)
	if !ok || token.ApplicationID != c.ID { // another client's token looks like none
		return tokenResponse{}, errRefresh
	}
	scope, fault := narrow(token.Scope, r.PostForm.Get("scope"))
	if fault != nil {
		return tokenResponse{}, fault
	}
	ttl, fault := shorten(c.JWT.AccessTokenTTL, r.PostForm.Get("expires_in"))
	if fault != nil {
		return tokenResponse{}, fault
	}
	return h.renew(c.Application, value, scope, ttl)
}

// renew uses a refresh token and makes new tokens of it.
func (h *Handler) renew(app kickstart.Application, value string, scope []string, ttl time.Duration) (tokenResponse, *oauthError) {
	token, value, ok := h.refresh.Use(value, grant.Renewal{
		Once: app.JWT.OneTimeUse, Grace: app.JWT.Grace, Sliding: app.JWT.Sliding, TTL: app.JWT.RefreshTokenTTL,
	})
	if !ok {
		return tokenResponse{}, errRefresh
	}
	response, fault := h.mint(order{
		app: app, login: token.Login, scope: scope, refreshID: token.ID,
		authenticationType: "REFRESH_TOKEN", grants: append(slices.Clone(token.Grants), kickstart.GrantRefresh), ttl: ttl,
	})
	response.RefreshToken, response.RefreshTokenID = value, token.ID
	return response, fault
}

// narrow gives the scopes of a refreshed token: those granted, or the part of them that the client asks for.
func narrow(granted []string, asked string) ([]string, *oauthError) {
	if asked == "" {
		return granted, nil
	}
	scope := strings.Fields(asked)
	for _, s := range scope {
		if !slices.Contains(granted, s) {
			return nil, errScope
		}
	}
	return scope, nil
}

// shorten gives the lifetime that the client asks for, which may only be lower than the application's.
func shorten(ttl time.Duration, asked string) (time.Duration, *oauthError) {
	if asked == "" {
		return ttl, nil
	}
	seconds, err := strconv.Atoi(asked)
	if err != nil || seconds <= 0 || seconds > int(ttl/time.Second) {
		return 0, errExpiresIn
	}
	return time.Duration(seconds) * time.Second, nil
}
