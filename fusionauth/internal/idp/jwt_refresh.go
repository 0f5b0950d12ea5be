package idp

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"storefront/fusionauth/internal/grant"
)

// refreshRequest is the body of POST /api/jwt/refresh.
type refreshRequest struct {
	RefreshToken        string `json:"refreshToken"`
	TimeToLiveInSeconds int    `json:"timeToLiveInSeconds"`
}

type refreshResponse struct {
	RefreshToken   string `json:"refreshToken"`
	RefreshTokenID string `json:"refreshTokenId"`
	Token          string `json:"token"`
}

// refreshJWT serves POST /api/jwt/refresh, the refresh of the Login API. Holding the token is the permission; the application must
// allow it.
func (h *Handler) refreshJWT(w http.ResponseWriter, r *http.Request) {
	var body refreshRequest
	if r.ContentLength != 0 && !readJSON(w, r, &body) {
		return
	}
	if cookie, err := r.Cookie("refresh_token"); err == nil { // the cookie takes precedence
		body.RefreshToken = cookie.Value
	}
	token, ok := h.refresh.Find(body.RefreshToken)
	app := h.applications[token.ApplicationID]
	if !ok || !app.Login.AllowTokenRefresh {
		badField(w, "refreshToken", "invalid", "The refresh token is unknown, expired, revoked, or its application does not refresh tokens here.")
		return
	}
	asked := ""
	if body.TimeToLiveInSeconds != 0 {
		asked = strconv.Itoa(body.TimeToLiveInSeconds)
	}
	ttl, fault := shorten(app.JWT.AccessTokenTTL, asked)
	if fault != nil {
		badField(w, "timeToLiveInSeconds", "invalid", "The lifetime must be positive and lower than the application's.")
		return
	}
	made, fault := h.renew(app, body.RefreshToken, token.Scope, ttl)
	if fault != nil {
		fault.write(w)
		return
	}
	h.setTokenCookies(w, made.AccessToken, made.RefreshToken)
	writeJSON(w, http.StatusOK, refreshResponse{RefreshToken: made.RefreshToken, RefreshTokenID: made.RefreshTokenID, Token: made.AccessToken})
}

// refreshJSON is a refresh token as the API shows one: without its value, which this server knows no more.
type refreshJSON struct {
	ApplicationID string          `json:"applicationId"`
	ID            string          `json:"id"`
	InsertInstant int64           `json:"insertInstant"`
	MetaData      refreshMetaData `json:"metaData"`
	StartInstant  int64           `json:"startInstant"`
	TenantID      string          `json:"tenantId"`
	UserID        string          `json:"userId"`
}

type refreshMetaData struct {
	Scopes []string `json:"scopes,omitempty"`
}

func (h *Handler) refreshJSON(t grant.Refresh) refreshJSON {
	return refreshJSON{
		ApplicationID: t.ApplicationID, ID: t.ID, InsertInstant: t.Created.UnixMilli(), MetaData: refreshMetaData{Scopes: t.Scope},
		StartInstant: t.Login.At.UnixMilli(), TenantID: h.tenant.ID, UserID: t.Login.UserID,
	}
}

// showRefreshToken serves GET /api/jwt/refresh/{id}: whether a token is still in force.
func (h *Handler) showRefreshToken(w http.ResponseWriter, r *http.Request) {
	token, ok := h.refresh.FindID(strings.ToLower(r.PathValue("id")))
	if !ok {
		empty(w, http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, map[string]refreshJSON{"refreshToken": h.refreshJSON(token)})
}

// listRefreshTokens serves GET /api/jwt/refresh?userId=.
func (h *Handler) listRefreshTokens(w http.ResponseWriter, r *http.Request) {
	userID := strings.ToLower(r.URL.Query().Get("userId"))
	if userID == "" {
		badField(w, "userId", "missing", "You must specify the userId parameter.")
		return
	}
	tokens := []refreshJSON{}
	for _, t := range h.refresh.List(func(t grant.Refresh) bool { return t.Login.UserID == userID }) {
		tokens = append(tokens, h.refreshJSON(t))
	}
	writeJSON(w, http.StatusOK, map[string][]refreshJSON{"refreshTokens": tokens})
}

// revokeRefreshToken serves DELETE /api/jwt/refresh/{id}.
func (h *Handler) revokeRefreshToken(w http.ResponseWriter, r *http.Request) {
	token, ok := h.refresh.RevokeID(strings.ToLower(r.PathValue("id")))
	if !ok {
		empty(w, http.StatusNotFound)
		return
	}
	h.tellToken(infoOf(r), token)
	empty(w, http.StatusOK)
}

// revokeRefreshTokens serves DELETE /api/jwt/refresh: one token by value, or all of a user, of an application, or of both. The
// parameters may come in a form body, which keeps the value out of the logs of proxies.
func (h *Handler) revokeRefreshTokens(w http.ResponseWriter, r *http.Request) {
	form, fault := deleteForm(r)
	if fault != nil {
		badField(w, "token", "invalid", fault.Description)
		return
	}
	if value := form.Get("token"); value != "" {
		token, ok := h.refresh.Find(value)
		if !ok {
			empty(w, http.StatusNotFound)
			return
		}
		if token, ok = h.refresh.RevokeID(token.ID); ok {
			h.tellToken(infoOf(r), token)
		}
		empty(w, http.StatusOK)
		return
	}
	user, app := strings.ToLower(form.Get("userId")), strings.ToLower(form.Get("applicationId"))
	if user == "" && app == "" {
		badField(w, "token", "missing", "You must specify token, userId or applicationId.")
		return
	}
	revoked := h.refresh.Revoke(func(t grant.Refresh) bool {
		return (user == "" || t.Login.UserID == user) && (app == "" || t.ApplicationID == app)
	})
	if u, known := h.users.find(user); known {
		h.tellUserTokens(infoOf(r), u, app, revoked)
	} else if user == "" {
		h.tellApplicationTokens(infoOf(r), app)
	}
	empty(w, http.StatusOK)
}

// deleteForm reads the parameters of a DELETE from query and body; net/http reads no form from its body.
func deleteForm(r *http.Request) (url.Values, *oauthError) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, unreadable(err)
	}
	if len(body) > 0 && !isForm(r) {
		return nil, errMalformed
	}
	form, err := url.ParseQuery(r.URL.RawQuery + "&" + string(body))
	if err != nil {
		return nil, errMalformed
	}
	return form, once(form)
}
