package idp

import (
	"net/http"
	"strings"
)

// validateJWT serves GET /api/jwt/validate: the claims of a token that a key of this server has signed and that has not expired.
// It says nothing of whom the token is for.
func (h *Handler) validateJWT(w http.ResponseWriter, r *http.Request) {
	claims, err := h.keys.Verify(sentToken(r), h.now())
	if err != nil {
		empty(w, http.StatusUnauthorized)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"jwt": claims})
}

// sentToken gives the token of the Authorization header or, without that header, of the Login API's cookie.
func sentToken(r *http.Request) string {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return ""
		}
		return token
	}
	cookie, err := r.Cookie("access_token")
	if err != nil {
		return ""
	}
	return cookie.Value
}
