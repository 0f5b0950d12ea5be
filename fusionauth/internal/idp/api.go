package idp

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// apiErrors is how the /api endpoints say what is wrong with a request.
type apiErrors struct {
	FieldErrors   map[string][]apiError `json:"fieldErrors,omitempty"`
	GeneralErrors []apiError            `json:"generalErrors,omitempty"`
}

type apiError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// withAPIKey opens an endpoint to those whose key allows it; anybody else gets a 401 without a body.
func (h *Handler) withAPIKey(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !h.allowed(r) {
			empty(w, http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// allowed reports whether the Authorization header is an API key, without scheme, that opens this path for this method. Every key
// is compared, in constant time, so that nothing tells how close a guess came.
func (h *Handler) allowed(r *http.Request) bool {
	sent := []byte(r.Header.Get("Authorization"))
	allowed := false
	for _, key := range h.apiKeys {
		if subtle.ConstantTimeCompare(sent, []byte(key.Key)) == 1 {
			allowed = key.Endpoints == nil || opens(key.Endpoints, r.Method, r.URL.Path)
		}
	}
	return allowed
}

// opens reports whether the endpoints of a key cover a request: an endpoint covers what lies below it.
func opens(endpoints map[string][]string, method, path string) bool {
	for endpoint, methods := range endpoints {
		if path != endpoint && !strings.HasPrefix(path, strings.TrimSuffix(endpoint, "/")+"/") {
			continue
		}
		if len(methods) == 0 || slices.Contains(methods, method) {
			return true
		}
	}
	return false
}

// empty ends the request without a body.
func empty(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

// readJSON reads a JSON body, or answers 400 and reports false.
func readJSON(w http.ResponseWriter, r *http.Request, body any) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	err := json.NewDecoder(r.Body).Decode(body)
	if err == nil && kind == "application/json" {
		return true
	}
	status := http.StatusBadRequest
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	writeJSON(w, status, apiErrors{GeneralErrors: []apiError{{
		Code: "[invalidJSON]", Message: "The body must be a JSON object of at most 64 KB, sent as Content-Type: application/json.",
	}}})
	return false
}

// badField answers 400 about one field.
func badField(w http.ResponseWriter, field, kind, message string) {
	writeJSON(w, http.StatusBadRequest, apiErrors{FieldErrors: map[string][]apiError{
		field: {{Code: "[" + kind + "]" + field, Message: message}},
	}})
}
