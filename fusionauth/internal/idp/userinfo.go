package idp

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"storefront/fusionauth/internal/kickstart"
)

// userinfo serves GET and POST /oauth2/userinfo (OpenID Connect Core §5.3).
func (h *Handler) userinfo(w http.ResponseWriter, r *http.Request) {
	claims, app, fault := h.bearer(r)
	subject, _ := claims["sub"].(string)
	u, known := h.users.find(subject)
	if fault == nil && !known { // a vended token may name anybody
		fault = errTokenInvalid
	}
	if fault == nil && app.OAuth.ScopeHandling == kickstart.Strict && !slices.Contains(scopeOf(claims), "openid") {
		fault = errTokenScope
	}
	if fault != nil {
		challenge := "Bearer"
		if fault != errTokenRequired {
			challenge += ` error="` + fault.Code + `"`
		}
		w.Header().Set("WWW-Authenticate", challenge) // RFC 6750 §3
		fault.write(w)
		return
	}
	info := scopeClaims(app, u, scopeOf(claims))
	info["sub"] = subject
	if app.OAuth.ScopeHandling == kickstart.Compatibility {
		maps.Copy(info, registrationClaims(claims))
	}
	writeJSON(w, http.StatusOK, info)
}

// registrationClaims are the ones that Strict leaves out of userinfo.
func registrationClaims(claims map[string]any) map[string]any {
	found := map[string]any{}
	for _, name := range []string{"applicationId", "roles"} {
		if value, ok := claims[name]; ok {
			found[name] = value
		}
	}
	return found
}

func scopeOf(claims map[string]any) []string {
	text, _ := claims["scope"].(string)
	return strings.Fields(text)
}

// bearer gives the claims of the access token in the Authorization header and the application that it was issued to.
func (h *Handler) bearer(r *http.Request) (map[string]any, kickstart.Application, *oauthError) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return nil, kickstart.Application{}, errTokenRequired
	}
	return h.accessToken(token)
}

// accessToken verifies an access token with the key of its application, which is found by trying: nothing that the token says
// of itself chooses how it is verified.
func (h *Handler) accessToken(token string) (map[string]any, kickstart.Application, *oauthError) {
	fault := errTokenInvalid
	for _, app := range h.applications {
		claims, err := h.accessKey(app).Verify(token, h.now())
		switch {
		case errors.Is(err, jwt.ErrTokenMalformed):
			return nil, kickstart.Application{}, errTokenFormat
		case errors.Is(err, jwt.ErrTokenExpired):
			fault = errTokenExpired
		case err == nil && claims["aud"] == app.ID && claims["iss"] == h.tenant.Issuer && !isIDToken(claims):
			return claims, app, nil
		}
	}
	return nil, kickstart.Application{}, fault
}

// isIDToken tells the two kinds of token apart where one key signs both: every ID token has at_hash, no access token has.
func isIDToken(claims map[string]any) bool {
	_, ok := claims["at_hash"]
	return ok
}
