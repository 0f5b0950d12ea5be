package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"storefront/fusionauth/internal/grant"
)

// ssoCookie is the name of FusionAuth's cookie for the single sign-on session.
const ssoCookie = "fusionauth.sso"

const loginRefused = "Invalid login credentials." // one text for both an unknown user and a wrong password

const loginLocked = "Your account has been locked." // told only to who knows the password

// submit serves the login form's POST.
func (h *Handler) submit(w http.ResponseWriter, r *http.Request, a authorization, form url.Values) {
	// A form on another site must not sign a browser in as somebody else (login CSRF, RFC 6749 §10.12).
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		h.refuse(w, r, errOrigin)
		return
	}
	u, ok := h.users.login(r.PostForm.Get("loginId"), r.PostForm.Get("password"))
	if !ok {
		h.loginForm(w, a, form, loginRefused)
		return
	}
	if u.locked {
		h.loginForm(w, a, form, loginLocked)
		return
	}
	login := grant.Login{UserID: u.ID, At: h.now()}
	h.endSession(r)
	h.setSession(w, h.sessions.Start(login)) // a new id: one that was planted before the login is worth nothing
	h.grant(w, r, a, login, form)
}

// loginForm shows the form, with what went wrong beside it. Every parameter of the request travels on as a hidden field.
func (h *Handler) loginForm(w http.ResponseWriter, a authorization, form url.Values, problem string) {
	hidden := map[string]string{}
	for name, values := range form {
		if name != "loginId" && name != "password" {
			hidden[name] = values[0]
		}
	}
	loginID := form.Get("loginId")
	if loginID == "" {
		loginID = a.loginHint
	}
	page := loginPage{Application: a.app.Name, Hidden: hidden, LoginID: loginID, Problem: problem, Users: h.demoUsers(a.app.ID, hidden)}
	h.pages.login(w, page, a.redirectURI)
}

// demoUser is somebody who can sign in, with the address of the form in which the e-mail is filled in.
type demoUser struct {
	Email, Roles string
	Fill         string
}

// demoUsers lists the people of the application: this server is for demos, and whoever tries one should not have to look for a name.
// Passwords are not shown.
func (h *Handler) demoUsers(applicationID string, hidden map[string]string) []demoUser {
	var users []demoUser
	for _, u := range h.users.all() {
		registration, registered := u.registration(applicationID)
		if !registered || u.locked || slices.Contains(registration.Roles, anonymousRole) {
			continue
		}
		query := url.Values{}
		for name, value := range hidden {
			query.Set(name, value)
		}
		query.Set("login_hint", u.Email)
		users = append(users, demoUser{u.Email, strings.Join(registration.Roles, ", "), "/oauth2/authorize?" + query.Encode()})
	}
	return users
}

// anonymousRole is that of users who stand for programs, and do not sign in by a form.
const anonymousRole = "anonymous"

// session gives the login of the browser's SSO session; that of a user who is locked or deleted is none.
func (h *Handler) session(r *http.Request) (grant.Login, bool) {
	cookie, err := r.Cookie(ssoCookie)
	if err != nil {
		return grant.Login{}, false
	}
	login, known := h.sessions.Find(cookie.Value)
	u, there := h.users.find(login.UserID)
	if !known || !there || u.locked {
		return grant.Login{}, false
	}
	return login, true
}

func (h *Handler) endSession(r *http.Request) {
	if cookie, err := r.Cookie(ssoCookie); err == nil {
		h.sessions.End(cookie.Value)
	}
}

// setSession sets the SSO cookie, or clears it when id is "".
func (h *Handler) setSession(w http.ResponseWriter, id string) {
	cookie := &http.Cookie{
		Name: ssoCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(h.tenant.Issuer, "https://"),
	}
	if id == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}
