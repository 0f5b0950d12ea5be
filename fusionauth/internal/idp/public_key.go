package idp

import (
	"net/http"
	"strings"
)

// publicKey serves GET /api/jwt/public-key: all public keys, the one of a kid, or the one that verifies an application's access
// tokens. An HMAC key has no public half, so who asks for it gets 404.
func (h *Handler) publicKey(w http.ResponseWriter, r *http.Request) {
	keys, err := h.keys.PEMs()
	if err != nil {
		empty(w, http.StatusInternalServerError)
		return
	}
	query := r.URL.Query()
	kid := query.Get("kid")
	switch {
	case query.Has("applicationId"):
		app, known := h.applications[strings.ToLower(query.Get("applicationId"))]
		if !known {
			empty(w, http.StatusNotFound)
			return
		}
		kid = h.accessKey(app).KID
	case !query.Has("kid"):
		writeJSON(w, http.StatusOK, map[string]map[string]string{"publicKeys": keys})
		return
	}
	if _, public := keys[kid]; !public {
		empty(w, http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"publicKey": keys[kid]})
}
