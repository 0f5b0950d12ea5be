package idp

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// vendRequest is the body of POST /api/jwt/vend. The claims stay as they were sent, so that no number loses a digit.
type vendRequest struct {
	Claims              map[string]json.RawMessage `json:"claims"`
	KeyID               string                     `json:"keyId"`
	TimeToLiveInSeconds *int                       `json:"timeToLiveInSeconds"`
}

// vendJWT serves POST /api/jwt/vend: a token of the caller's own claims. Only exp and iat are this server's.
func (h *Handler) vendJWT(w http.ResponseWriter, r *http.Request) {
	var body vendRequest
	if !readJSON(w, r, &body) {
		return
	}
	ttl := h.tenant.JWT.AccessTokenTTL
	if seconds := body.TimeToLiveInSeconds; seconds != nil {
		if *seconds <= 0 || *seconds > int(maxVended/time.Second) {
			badField(w, "timeToLiveInSeconds", "invalid", "The lifetime must be positive, and ten years at the most.")
			return
		}
		ttl = time.Duration(*seconds) * time.Second
	}
	key := h.keys.Key(strings.ToLower(cmp.Or(body.KeyID, h.tenant.JWT.AccessTokenKeyID)), "")
	if key == nil {
		badField(w, "keyId", "invalid", "The keyId names no key that signs.")
		return
	}
	claims := map[string]any{}
	for name, value := range body.Claims {
		claims[name] = value
	}
	now := h.now()
	claims["iat"], claims["exp"] = now.Unix(), now.Add(ttl).Unix()
	token, err := key.Sign(claims, nil)
	if err != nil {
		empty(w, http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": token})
}

// maxVended is the longest life of a vended token; FusionAuth documents no end, but a time must have one.
const maxVended = 10 * 365 * 24 * time.Hour
