package idp

import (
	"net/http"
	"net/url"
	"slices"

	"storefront/fusionauth/internal/kickstart"
)

// logoutPage is what the page of AllApplications needs: whom to tell, and where to go then.
type logoutPage struct {
	LogoutURLs []string
	Next       string
}

// logout serves GET and POST /oauth2/logout (OpenID Connect RP-Initiated Logout). It ends the browser's SSO session and nothing
// else: refresh tokens and access tokens stay in force, as in FusionAuth.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	form, fault := authorizeForm(r)
	if fault == nil && form.Has("tenantId") && form.Get("tenantId") != h.tenant.ID {
		fault = errTenant
	}
	var app *kickstart.Application
	if fault == nil {
		app, fault = h.loggingOut(form)
	}
	next := ""
	if fault == nil {
		next, fault = h.afterLogout(app, form)
	}
	if fault != nil {
		h.refuse(w, r, fault)
		return
	}
	h.endSession(r)
	h.setSession(w, "")
	if app != nil && app.OAuth.LogoutBehavior == kickstart.AllApplications {
		h.pages.loggedOut(w, logoutPage{LogoutURLs: h.logoutURLs(), Next: next})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, next, http.StatusFound)
}

// loggingOut finds the application by client_id or, without it, by the ID token; nil when the request names none.
func (h *Handler) loggingOut(form url.Values) (*kickstart.Application, *oauthError) {
	if id := form.Get("client_id"); id != "" {
		app, known := h.applications[id]
		if !known {
			return nil, errUnknownClient
		}
		return &app, nil
	}
	hint := form.Get("id_token_hint")
	if hint == "" {
		return nil, nil
	}
	for _, app := range h.applications {
		// An expired hint will do: it says who was signed in (OpenID Connect RP-Initiated Logout §2).
		claims, err := h.idTokenKey(app).VerifySignature(hint)
		if err == nil && claims["aud"] == app.ID && claims["iss"] == h.tenant.Issuer {
			return &app, nil
		}
	}
	return nil, errIDHint
}

// afterLogout gives where the browser goes: the client's wish when it is registered, the application's logout URL, the tenant's,
// or the root.
func (h *Handler) afterLogout(app *kickstart.Application, form url.Values) (string, *oauthError) {
	wish := form.Get("post_logout_redirect_uri")
	switch {
	case wish != "" && (app == nil || !slices.Contains(app.OAuth.RedirectURLs, wish)):
		return "", errPostLogout
	case wish != "" && form.Get("state") != "":
		return withQuery(wish, url.Values{"state": {form.Get("state")}}), nil
	case wish != "":
		return wish, nil
	case app != nil && app.OAuth.LogoutURL != "":
		return app.OAuth.LogoutURL, nil
	case h.tenant.LogoutURL != "":
		return h.tenant.LogoutURL, nil
	}
	return "/", nil
}

// logoutURLs are those of every application of the tenant, in a fixed order.
func (h *Handler) logoutURLs() []string {
	var urls []string
	for _, app := range h.applications {
		if app.OAuth.LogoutURL != "" {
			urls = append(urls, app.OAuth.LogoutURL)
		}
	}
	slices.Sort(urls)
	return urls
}
