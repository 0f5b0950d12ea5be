package idp

import (
	"net/http"

	"storefront/fusionauth/internal/grant"
)

// logoutRequest is the body of POST /api/logout.
type logoutRequest struct {
	Global       bool   `json:"global"`
	RefreshToken string `json:"refreshToken"`
}

// logoutAPI serves POST /api/logout: it revokes the refresh token that it is shown, with global all of that user. Knowing the
// token is the permission, so there is no API key. An unknown token gets the same answer, which tells nothing.
func (h *Handler) logoutAPI(w http.ResponseWriter, r *http.Request) {
	var body logoutRequest
	if r.ContentLength != 0 && !readJSON(w, r, &body) {
		return
	}
	if cookie, err := r.Cookie("refresh_token"); err == nil && body.RefreshToken == "" {
		body.RefreshToken = cookie.Value
	}
	if token, ok := h.refresh.Find(body.RefreshToken); ok {
		h.refresh.Revoke(func(t grant.Refresh) bool {
			return t.ID == token.ID || body.Global && t.Login.UserID == token.Login.UserID
		})
	}
	for _, name := range []string{"access_token", "refresh_token"} {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	empty(w, http.StatusOK)
}
