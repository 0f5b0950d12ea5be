package idp

import (
	"crypto/subtle"
	"errors"
	"mime"
	"net/http"
	"net/url"

	"storefront/fusionauth/internal/kickstart"
)

// client is the application that calls a back-channel endpoint, and whether it has proved who it is.
type client struct {
	kickstart.Application
	authenticated bool
}

// credentials of a client as they were sent.
type credentials struct{ id, secret string }

// withoutSecret says whether a client may come without its secret.
type withoutSecret func(kickstart.Application) bool

// client identifies the caller by Basic or by the body (RFC 6749 §2.3.1). A secret that was sent is checked even when none is
// required.
func (h *Handler) client(r *http.Request, may withoutSecret) (client, *oauthError) {
	sent, fault := sentCredentials(r)
	if fault != nil {
		return client{}, fault
	}
	if sent.id == "" {
		return client{}, errMissingClientID
	}
	app, known := h.applications[sent.id]
	if !known {
		return client{}, errClientID
	}
	if sent.secret == "" {
		if may(app) {
			return client{Application: app}, nil
		}
		return client{}, errClientMissing
	}
	if subtle.ConstantTimeCompare([]byte(sent.secret), []byte(app.OAuth.ClientSecret)) != 1 {
		return client{}, errClient
	}
	return client{Application: app, authenticated: true}, nil
}

func sentCredentials(r *http.Request) (credentials, *oauthError) {
	body := credentials{id: r.PostForm.Get("client_id"), secret: r.PostForm.Get("client_secret")}
	header := r.Header.Get("Authorization")
	if header == "" {
		return body, nil
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		return credentials{}, errClientScheme
	}
	basic, err := unescape(id, secret)
	switch {
	case err != nil:
		return credentials{}, errClient
	case body.secret != "": // one method per request (RFC 6749 §2.3)
		return credentials{}, errMalformed
	case body.id != "" && body.id != basic.id:
		return credentials{}, errClientMismatch
	}
	return basic, nil
}

// unescape undoes the form encoding that RFC 6749 §2.3.1 puts on both halves of Basic.
func unescape(id, secret string) (credentials, error) {
	id, err := url.QueryUnescape(id)
	if err != nil {
		return credentials{}, err
	}
	secret, err = url.QueryUnescape(secret)
	return credentials{id: id, secret: secret}, err
}

// oauthForm reads a request to an OAuth endpoint. Parameters come in the body alone, where they reach no log, and each once
// (RFC 6749 §3.2).
func oauthForm(r *http.Request) *oauthError {
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	if !isForm(r) {
		return errMalformed
	}
	return once(r.PostForm)
}

// unreadable tells a body that is too large from one that is no form.
func unreadable(err error) *oauthError {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errTooLarge
	}
	return errMalformed
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// once refuses a parameter that is sent twice: two programs could each take another of its values.
func once(form url.Values) *oauthError {
	for _, values := range form {
		if len(values) > 1 {
			return errMalformed
		}
	}
	return nil
}
