package idp

import (
	"net/http"

	"storefront/fusionauth/internal/kickstart"
)

// introspect serves POST /oauth2/introspect (RFC 7662). Of a token that is not active it says nothing else.
func (h *Handler) introspect(w http.ResponseWriter, r *http.Request) {
	answer, fault := h.introspection(r)
	if fault != nil {
		fault.write(w)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (h *Handler) introspection(r *http.Request) (map[string]any, *oauthError) {
	if fault := oauthForm(r); fault != nil {
		return nil, fault
	}
	c, fault := h.client(r, func(app kickstart.Application) bool { return app.OAuth.ClientPolicy == kickstart.NotRequired })
	if fault != nil {
		return nil, fault
	}
	token := r.PostForm.Get("token")
	if token == "" {
		return nil, errMissingToken
	}
	claims, owner := h.inspect(token, r.PostForm.Get("token_type_hint"))
	if claims == nil {
		return map[string]any{"active": false}, nil
	}
	if owner != c.ID {
		return nil, errTokenOfOther
	}
	claims["active"] = true
	return claims, nil
}

// inspect gives the claims of a token in force and the id of its application. Unlike RFC 7662 §2.1 has it, a hint binds, and a
// refresh token needs one.
func (h *Handler) inspect(token, hint string) (claims map[string]any, owner string) {
	if hint == "refresh_token" {
		refresh, ok := h.refresh.Find(token)
		if !ok {
			return nil, ""
		}
		return map[string]any{"exp": refresh.Expires.Unix()}, refresh.ApplicationID
	}
	if hint == "" || hint == "access_token" {
		if claims, app, fault := h.accessToken(token); fault == nil {
			return claims, app.ID
		}
	}
	if hint == "" || hint == "id_token" {
		return h.idToken(token)
	}
	return nil, ""
}

func (h *Handler) idToken(token string) (claims map[string]any, owner string) {
	for _, app := range h.applications {
		claims, err := h.idTokenKey(app).Verify(token, h.now())
		if err == nil && claims["aud"] == app.ID && claims["iss"] == h.tenant.Issuer && isIDToken(claims) {
			return claims, app.ID
		}
	}
	return nil, ""
}
