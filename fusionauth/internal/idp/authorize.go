package idp

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/kickstart"
)

// authorization is one request to the authorization endpoint, checked.
type authorization struct {
	app         kickstart.Application
	redirectURI string
	state       string
	scope       []string
	nonce       string
	challenge   string
	locale      string
	loginHint   string
	prompts     []string
	maxAge      time.Duration // -1 when the client does not care
}

// authorize serves GET and POST /oauth2/authorize: the login form, its submission, and silent sign-in by the SSO session. A client
// may send its request by POST as well (OpenID Connect Core §3.1.2.1); what makes a submission is the password field.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) {
	form, fault := authorizeForm(r)
	if fault != nil {
		h.refuse(w, r, fault)
		return
	}
	a, fault := h.recipient(form)
	if fault != nil { // nobody to redirect to (RFC 6749 §4.1.2.1)
		h.refuse(w, r, fault)
		return
	}
	if fault := a.read(form); fault != nil {
		h.redirect(w, r, a, fault.query())
		return
	}
	if r.PostForm.Has("password") {
		h.submit(w, r, a, form)
		return
	}
	h.silent(w, r, a, form)
}

func authorizeForm(r *http.Request) (url.Values, *oauthError) {
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	return r.Form, once(r.Form)
}

// recipient finds the client and the redirect URI. Before both are known to belong together nothing may be redirected: that
// would make this server an open redirector (RFC 9700 §4.11.2).
func (h *Handler) recipient(form url.Values) (authorization, *oauthError) {
	id, redirectURI := form.Get("client_id"), form.Get("redirect_uri")
	app, known := h.applications[id]
	switch {
	case id == "":
		return authorization{}, errMissingClientID
	case !known:
		return authorization{}, errUnknownClient
	case form.Has("tenantId") && form.Get("tenantId") != h.tenant.ID:
		return authorization{}, errTenant
	case redirectURI == "":
		return authorization{}, errMissingRedirect
	case !slices.Contains(app.OAuth.RedirectURLs, redirectURI):
		return authorization{}, errRedirect
	}
	return authorization{app: app, redirectURI: redirectURI, state: form.Get("state")}, nil
}

// read checks the rest of the request; its faults go to the redirect URI.
func (a *authorization) read(form url.Values) *oauthError {
	a.nonce, a.loginHint, a.locale = form.Get("nonce"), form.Get("login_hint"), locale(form.Get("locale"))
	switch responseType, mode := form.Get("response_type"), form.Get("response_mode"); {
	case !slices.Contains(a.app.OAuth.Grants, kickstart.GrantCode):
		return errGrantDisabled
	case responseType == "":
		return errMissingResponse
	case responseType != "code":
		return errResponseType
	case mode != "" && mode != "query":
		return errResponseMode
	}
	for _, step := range []func(url.Values) *oauthError{a.readChallenge, a.readScope, a.readPrompt, a.readMaxAge} {
		if fault := step(form); fault != nil {
			return fault
		}
	}
	return nil
}

// readChallenge reads the PKCE parameters (RFC 7636 §4.3); plain is not served.
func (a *authorization) readChallenge(form url.Values) *oauthError {
	a.challenge = form.Get("code_challenge")
	if a.challenge == "" {
		if a.app.OAuth.PKCEPolicy == kickstart.Required || form.Has("code_challenge_method") {
			return errMissingChallenge
		}
		return nil
	}
	if form.Get("code_challenge_method") != "S256" {
		return errChallengeMethod
	}
	if hash, err := base64.RawURLEncoding.Strict().DecodeString(a.challenge); err != nil || len(hash) != 32 {
		return errChallenge
	}
	return nil
}

// knownScopes are the scopes that an application has without declaring its own.
var knownScopes = []string{"openid", "profile", "email", "phone", "address", "offline_access"}

func (a *authorization) readScope(form url.Values) *oauthError {
	for _, s := range strings.Fields(form.Get("scope")) {
		known := slices.Contains(knownScopes, s)
		switch {
		case !known && a.app.OAuth.UnknownScopes == kickstart.Reject:
			return errScope
		case !known && a.app.OAuth.UnknownScopes == kickstart.Remove, slices.Contains(a.scope, s):
		default:
			a.scope = append(a.scope, s)
		}
	}
	return nil
}

// readPrompt reads prompt (OpenID Connect Core §3.1.2.1). FusionAuth ignores select_account; consent changes nothing for the
// first-party applications that a kickstart makes.
func (a *authorization) readPrompt(form url.Values) *oauthError {
	a.prompts = strings.Fields(form.Get("prompt"))
	for _, p := range a.prompts {
		if !slices.Contains([]string{"none", "login", "consent", "select_account"}, p) || p == "none" && len(a.prompts) > 1 {
			return errPrompt
		}
	}
	return nil
}

func (a *authorization) readMaxAge(form url.Values) *oauthError {
	a.maxAge = -1
	text := form.Get("max_age")
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return errMaxAge
	}
	a.maxAge = time.Duration(seconds) * time.Second
	return nil
}

var localeForm = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,3}$`)

// locale gives the language to tell the client; it goes into a URL, so only the form of a language tag passes.
func locale(asked string) string {
	if len(asked) <= 35 && localeForm.MatchString(asked) {
		return asked
	}
	return "en"
}

// silent signs in by the SSO session where the request allows it; else it shows the form, or says why it may not.
func (h *Handler) silent(w http.ResponseWriter, r *http.Request, a authorization, form url.Values) {
	login, known := h.session(r)
	tooOld := a.maxAge >= 0 && h.now().Sub(login.At) >= a.maxAge // 0 is prompt=login
	switch {
	case known && !tooOld && !slices.Contains(a.prompts, "login"):
		h.grant(w, r, a, login, form)
	case slices.Contains(a.prompts, "none"):
		h.redirect(w, r, a, errLoginRequired.query())
	default:
		h.loginForm(w, a, form, "")
	}
}

// grant ends a login: it hands the client a code, unless the application wants a registration that the user does not have.
func (h *Handler) grant(w http.ResponseWriter, r *http.Request, a authorization, login grant.Login, form url.Values) {
	u, known := h.users.find(login.UserID)
	if !known { // deleted this very moment
		h.loginForm(w, a, form, loginRefused)
		return
	}
	_, registered := u.registration(a.app.ID)
	if !registered && a.app.OAuth.RequireRegister {
		if slices.Contains(a.prompts, "none") {
			h.redirect(w, r, a, errInteraction.query())
			return
		}
		h.loginForm(w, a, form, errUnregistered.Description)
		return
	}
	code := h.codes.Issue(grant.Code{
		Login: login, ApplicationID: a.app.ID, RedirectURI: a.redirectURI, Scope: a.scope, Nonce: a.nonce, Challenge: a.challenge,
	})
	userState := "Authenticated"
	if !registered {
		userState = "AuthenticatedNotRegistered"
	}
	h.redirect(w, r, a, url.Values{"code": {code}, "locale": {a.locale}, "userState": {userState}})
}

// redirect answers the client through the browser. iss tells it which server answers, against mix-up (RFC 9207).
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request, a authorization, answer url.Values) {
	answer.Set("iss", h.tenant.Issuer)
	if a.state != "" {
		answer.Set("state", a.state)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the code is in the URL that comes next
	http.Redirect(w, r, withQuery(a.redirectURI, answer), http.StatusFound)
}

// withQuery adds parameters to a URL of the kickstart, keeping the query that it may have (RFC 6749 §3.1.2).
func withQuery(target string, answer url.Values) string {
	if strings.Contains(target, "?") {
		return target + "&" + answer.Encode()
	}
	return target + "?" + answer.Encode()
}
