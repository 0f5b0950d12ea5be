package idp

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/keyring"
	"storefront/fusionauth/internal/kickstart"
)

// order is what the tokens of one answer are made of.
type order struct {
	app                kickstart.Application
	login              grant.Login
	scope              []string
	nonce              string
	authenticationType string
	grants             []string // the token header gty
	refreshID          string
	ttl                time.Duration
}

var errMint = &oauthError{http.StatusInternalServerError, "server_error", "The tokens cannot be made.", "unknown"}

// mint makes the access token, and the ID token when the scope has openid.
func (h *Handler) mint(o order) (tokenResponse, *oauthError) {
	u, known := h.users.find(o.login.UserID)
	switch {
	case !known:
		return tokenResponse{}, errMint
	case u.locked:
		return tokenResponse{}, errLocked
	}
	access, err := h.accessKey(o.app).Sign(h.accessClaims(o, u), o.grants)
	if err != nil {
		return tokenResponse{}, errMint
	}
	response := tokenResponse{AccessToken: access, ExpiresIn: int(o.ttl / time.Second), TokenType: "Bearer", UserID: u.ID}
	if slices.Contains(o.scope, "openid") {
		key := h.idTokenKey(o.app)
		if response.IDToken, err = key.Sign(h.idClaims(o, u, key.LeftHash(access)), o.grants); err != nil {
			return tokenResponse{}, errMint
		}
	}
	return response, nil
}

func (h *Handler) accessKey(app kickstart.Application) *keyring.Key {
	return h.keys.Key(app.JWT.AccessTokenKeyID, "")
}

func (h *Handler) idTokenKey(app kickstart.Application) *keyring.Key {
	return h.keys.Key(app.JWT.IDTokenKeyID, string(app.OAuth.ClientSecret))
}

// claims are those of both tokens.
func (h *Handler) claims(o order, u *user) map[string]any {
	now := h.now()
	claims := map[string]any{
		"iss": h.tenant.Issuer, "sub": u.ID, "jti": uuid.NewString(), "tid": h.tenant.ID,
		"iat": now.Unix(), "exp": now.Add(o.ttl).Unix(),
		"auth_time": o.login.At.Unix(), "authenticationType": o.authenticationType,
	}
	if o.app.ID != "" { // the Login API may be asked without an application
		claims["aud"] = o.app.ID
	}
	if len(o.scope) > 0 {
		claims["scope"] = strings.Join(o.scope, " ")
	}
	if o.refreshID != "" {
		claims["sid"] = o.refreshID
	}
	return claims
}

// accessClaims adds who the user is to the application. A user who is not registered gets neither applicationId nor roles, and a
// user without roles an empty list: a signature alone is not an authorization.
func (h *Handler) accessClaims(o order, u *user) map[string]any {
	claims := h.claims(o, u)
	if registration, ok := u.registration(o.app.ID); ok {
		claims["applicationId"] = o.app.ID
		claims["roles"] = append([]string{}, registration.Roles...) // never null
	}
	if o.app.OAuth.ScopeHandling == kickstart.Compatibility {
		maps.Copy(claims, emailClaims(u))
	}
	return claims
}

func (h *Handler) idClaims(o order, u *user, accessHash string) map[string]any {
	claims := h.claims(o, u)
	claims["at_hash"] = accessHash
	if o.nonce != "" {
		claims["nonce"] = o.nonce
	}
	maps.Copy(claims, scopeClaims(o.app, u, o.scope))
	return claims
}

// scopeClaims are the claims about the user that the scopes open (OpenID Connect Core §5.4); Compatibility does not look at them.
func scopeClaims(app kickstart.Application, u *user, scope []string) map[string]any {
	all := app.OAuth.ScopeHandling == kickstart.Compatibility
	claims := map[string]any{}
	if all || slices.Contains(scope, "email") {
		maps.Copy(claims, emailClaims(u))
	}
	if all || slices.Contains(scope, "profile") {
		for name, value := range map[string]string{"given_name": u.FirstName, "family_name": u.LastName, "name": u.FullName} {
			if value != "" {
				claims[name] = value
			}
		}
	}
	return claims
}

func emailClaims(u *user) map[string]any {
	return map[string]any{"email": u.Email, "email_verified": u.Verified}
}
