package idp

import (
	"net/http"
	"strings"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/kickstart"
)

// loginRequest is the body of POST /api/login; what else FusionAuth takes describes the device and changes nothing here.
type loginRequest struct {
	LoginID       string `json:"loginId"`
	Password      string `json:"password"`
	ApplicationID string `json:"applicationId"`
	NoJWT         bool   `json:"noJWT"`
}

// loginResponse is its answer.
type loginResponse struct {
	RefreshToken           string   `json:"refreshToken,omitempty"`
	RefreshTokenID         string   `json:"refreshTokenId,omitempty"`
	Token                  string   `json:"token,omitempty"`
	TokenExpirationInstant int64    `json:"tokenExpirationInstant,omitempty"` // milliseconds
	User                   userJSON `json:"user"`
}

// userJSON is a user as the APIs show one.
type userJSON struct {
	Active        bool               `json:"active"`
	Email         string             `json:"email"`
	FirstName     string             `json:"firstName,omitempty"`
	FullName      string             `json:"fullName,omitempty"`
	ID            string             `json:"id"`
	LastName      string             `json:"lastName,omitempty"`
	Registrations []registrationJSON `json:"registrations"`
	TenantID      string             `json:"tenantId"`
	Verified      bool               `json:"verified"`
}

type registrationJSON struct {
	ApplicationID string   `json:"applicationId"`
	Roles         []string `json:"roles"`
}

// loginAPI serves POST /api/login: 200, 202 for a user who is not registered for the application, 404 for a wrong e-mail or
// password (one answer for both), 423 for a user who is locked, 401 without an API key where one is needed.
func (h *Handler) loginAPI(w http.ResponseWriter, r *http.Request) {
	var body loginRequest
	keyed := h.allowed(r)
	if !keyed && r.Header.Get("Authorization") != "" {
		empty(w, http.StatusUnauthorized)
		return
	}
	if !readJSON(w, r, &body) {
		return
	}
	app, known := h.applications[strings.ToLower(body.ApplicationID)]
	switch {
	case !keyed && (!known || app.Login.RequireAuthentication):
		empty(w, http.StatusUnauthorized)
	case body.LoginID == "":
		badField(w, "loginId", "missing", "You must specify the loginId property.")
	case body.Password == "":
		badField(w, "password", "missing", "You must specify the password property.")
	case body.ApplicationID != "" && !known:
		badField(w, "applicationId", "invalid", "The applicationId names no application.")
	default:
		h.logIn(w, body, app)
	}
}

func (h *Handler) logIn(w http.ResponseWriter, body loginRequest, app kickstart.Application) {
	u, ok := h.users.login(body.LoginID, body.Password)
	if !ok {
		empty(w, http.StatusNotFound)
		return
	}
	if u.locked {
		empty(w, http.StatusLocked)
		return
	}
	_, registered := u.registration(app.ID)
	status := http.StatusOK
	if app.ID != "" && !registered {
		status = http.StatusAccepted
	}
	response := loginResponse{User: h.userJSON(u)}
	if !body.NoJWT {
		if fault := h.loginTokens(&response, u, app, registered); fault != nil {
			fault.write(w)
			return
		}
		h.setTokenCookies(w, response.Token, response.RefreshToken)
	}
	writeJSON(w, status, response)
}

// loginTokens makes the tokens of a login without a browser: they have no scope, and so no ID token.
func (h *Handler) loginTokens(response *loginResponse, u *user, app kickstart.Application, registered bool) *oauthError {
	o := order{app: app, login: grant.Login{UserID: u.ID, At: h.now()}, authenticationType: "PASSWORD"}
	if app.ID == "" {
		o.app.JWT = h.tenant.JWT
	}
	o.ttl = o.app.JWT.AccessTokenTTL
	if registered && app.Login.GenerateRefreshTokens {
		token, value := h.refresh.Issue(grant.Refresh{Login: o.login, ApplicationID: app.ID}, app.JWT.RefreshTokenTTL)
		response.RefreshToken, response.RefreshTokenID = value, token.ID
	}
	made, fault := h.mint(o)
	response.Token = made.AccessToken
	response.TokenExpirationInstant = h.now().Add(o.ttl).UnixMilli()
	return fault
}

// setTokenCookies sets the cookies that FusionAuth sets beside the body, for a browser that calls this API itself.
func (h *Handler) setTokenCookies(w http.ResponseWriter, access, refresh string) {
	for name, value := range map[string]string{"access_token": access, "refresh_token": refresh} {
		if value != "" {
			http.SetCookie(w, &http.Cookie{
				Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
				Secure: strings.HasPrefix(h.tenant.Issuer, "https://"),
			})
		}
	}
}

func registrationOf(r kickstart.Registration) registrationJSON {
	return registrationJSON{ApplicationID: r.ApplicationID, Roles: append([]string{}, r.Roles...)}
}

func (h *Handler) userJSON(u *user) userJSON {
	registrations := []registrationJSON{}
	for _, r := range u.Registrations {
		registrations = append(registrations, registrationOf(r))
	}
	return userJSON{
		Active: !u.locked, Email: u.Email, FirstName: u.FirstName, FullName: u.FullName, ID: u.ID, LastName: u.LastName,
		Registrations: registrations, TenantID: h.tenant.ID, Verified: u.Verified,
	}
}
