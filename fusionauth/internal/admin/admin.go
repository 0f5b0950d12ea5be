// Package admin shows what the stand-in holds and lets tests act on it: a page for people and a JSON API for programs.
//
// It answers on loopback alone, and only to who names this machine as the host: see guard.go. It needs no password, so it is off
// unless the setting STANDIN_ADMIN asks for it.
//
//	GET  /admin                          the page
//	GET  /admin/api/state                issuer, skew, users, sessions, refresh tokens (ids alone), keys, faults, routes
//	POST /admin/api/users/{id}/revoke    ends codes, refresh tokens and sessions; answers how many
//	POST /admin/api/users/{id}/deactivate
//	POST /admin/api/users/{id}/activate
//	POST /admin/api/users/{id}/roles     {"applicationId","roles":["…"]}: what the user may do from the next token on
//	POST /admin/api/keys/{id}/next       {"kid","secret"}: publishes the key that is to sign next
//	POST /admin/api/keys/{id}/rotate     {"kid","secret"}: lets it, or a new one, sign; the one before still verifies
//	POST /admin/api/keys/{id}/remove     {"kid"}: ends a key that does not sign
//	POST /admin/api/clock                {"skew":"90s"}: sets the clock apart from the machine's; "0s" for not
//	POST /admin/api/fault                {"route":"/oauth2/token","delay":"2s","status":503,"garbage":true,"times":1}
//
// The secret is that of an HMAC key, which needs one; the kid is made up where it is left out. A fault without delay, status and
// garbage mends the route; times counts the requests that it hits, 0 for all. Bodies are JSON objects without other members, or
// what the page's forms send. Answers are JSON: the state of the keys after a change of keys, else what was done; 400, 404 and
// 409 with {"error"}.
//
//	curl -d '{}' -H 'Content-Type: application/json' localhost:9011/admin/api/keys/5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1002/rotate
package admin

import (
	"log/slog"
	"net/http"

	"storefront/fusionauth/internal/idp"
)

// admin acts on one identity server.
type admin struct {
	idp  *idp.Handler
	log  *slog.Logger
	page *page
}

// maxBody is the largest request body that is read.
const maxBody = 16 << 10

// New serves /admin and what is below it, and leaves the rest to next.
func New(h *idp.Handler, log *slog.Logger, next http.Handler) http.Handler {
	a := &admin{idp: h, log: log, page: newPage()}
	own := http.NewServeMux()
	own.HandleFunc("GET /admin", a.show)
	own.HandleFunc("GET /admin/api/state", a.state)
	own.HandleFunc("POST /admin/api/users/{id}/revoke", a.act("revoke", a.revoke))
	own.HandleFunc("POST /admin/api/users/{id}/deactivate", a.act("deactivate", a.deactivate))
	own.HandleFunc("POST /admin/api/users/{id}/activate", a.act("activate", a.activate))
	own.HandleFunc("POST /admin/api/users/{id}/roles", a.act("roles", a.setRoles))
	own.HandleFunc("POST /admin/api/keys/{id}/next", a.act("next key", a.nextKey))
	own.HandleFunc("POST /admin/api/keys/{id}/rotate", a.act("rotate", a.rotate))
	own.HandleFunc("POST /admin/api/keys/{id}/remove", a.act("remove key", a.removeKey))
	own.HandleFunc("POST /admin/api/clock", a.act("clock", a.setClock))
	own.HandleFunc("POST /admin/api/fault", a.act("fault", a.setFault))

	guarded := http.MaxBytesHandler(guard(own), maxBody)
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.Handle("/admin", guarded)
	mux.Handle("/admin/", guarded)
	return mux
}
