package idp

import (
	"net/http"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/webhook"
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
	h.revokeShown(infoOf(r), body)
	for _, name := range []string{"access_token", "refresh_token"} {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	empty(w, http.StatusOK)
}

// revokeShown ends the refresh token that a logout shows, or with global all of its user.
func (h *Handler) revokeShown(by webhook.Info, body logoutRequest) {
	token, ok := h.refresh.Find(body.RefreshToken)
	if !ok {
		return
	}
	if u, known := h.users.find(token.Login.UserID); known && body.Global {
		h.tellUserTokens(by, u, "", h.refresh.Revoke(func(t grant.Refresh) bool { return t.Login.UserID == u.ID }))
		return
	}
	if token, ok = h.refresh.RevokeID(token.ID); ok {
		h.tellToken(by, token)
	}
}
