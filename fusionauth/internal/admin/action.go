package admin

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"storefront/fusionauth/internal/idp"
	"storefront/fusionauth/internal/keyring"
)

// action does one thing to what the id names, and gives what to tell about it.
type action func(id string, in input) (any, error)

// failure is the body of an answer that is none of the good ones.
type failure struct {
	Error string `json:"error"`
}

// done is the body of an action that has nothing else to tell.
type done struct {
	Done bool `json:"done"`
}

// act serves an action: JSON gets JSON, the page's forms get the page.
func (a *admin) act(name string, do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, html, err := read(r)
		if err != nil {
			respond(w, http.StatusBadRequest, failure{err.Error()})
			return
		}
		told, err := do(strings.ToLower(r.PathValue("id")), in)
		status := statusOf(err)
		a.log.InfoContext(r.Context(), "admin action", slog.String("action", name), slog.Int("status", status))
		switch {
		case err != nil:
			respond(w, status, failure{err.Error()})
		case html:
			http.Redirect(w, r, "/admin", http.StatusSeeOther)
		default:
			respond(w, status, told)
		}
	}
}

func statusOf(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, idp.ErrNoUser), errors.Is(err, idp.ErrNoRegistration), errors.Is(err, keyring.ErrNoKey), errors.Is(err, idp.ErrNoRoute):
		return http.StatusNotFound
	case errors.Is(err, keyring.ErrInUse), errors.Is(err, keyring.ErrKID):
		return http.StatusConflict
	case errors.Is(err, keyring.ErrSecret), errors.Is(err, idp.ErrFault), errors.Is(err, idp.ErrNoRole):
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}

func (a *admin) revoke(id string, _ input) (any, error) { return a.idp.Revoke(id) }

func (a *admin) activate(id string, _ input) (any, error) {
	return done{true}, a.idp.SetActive(id, true)
}

func (a *admin) deactivate(id string, _ input) (any, error) {
	return done{true}, a.idp.SetActive(id, false)
}

func (a *admin) setRoles(id string, in input) (any, error) {
	return done{true}, a.idp.SetRoles(id, strings.ToLower(in.ApplicationID), in.Roles)
}

func (a *admin) nextKey(id string, in input) (any, error) {
	err := a.idp.Keys().Prepare(id, keyring.Successor{KID: in.KID, Secret: in.Secret})
	return a.keys(), err
}

func (a *admin) rotate(id string, in input) (any, error) {
	err := a.idp.Keys().Rotate(id, keyring.Successor{KID: in.KID, Secret: in.Secret})
	return a.keys(), err
}

func (a *admin) removeKey(id string, in input) (any, error) {
	err := a.idp.Keys().Remove(id, in.KID)
	return a.keys(), err
}

func (a *admin) keys() any { return map[string][]keyring.Entry{"keys": a.idp.Keys().Entries()} }

func (a *admin) setClock(_ string, in input) (any, error) {
	a.idp.SetSkew(time.Duration(in.Skew))
	return done{true}, nil
}

func (a *admin) setFault(_ string, in input) (any, error) {
	fault := idp.Fault{Delay: time.Duration(in.Delay), Status: in.Status, Garbage: in.Garbage, Times: in.Times}
	return done{true}, a.idp.Break(in.Route, fault)
}

// respond ends the request with JSON that nobody keeps.
func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
