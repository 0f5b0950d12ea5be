package auth

import (
	"net/http"
	"strings"
)

// BearerToken takes the token out of the request's one Authorization header (RFC 6750 §2.1), in the article's steps:
// find the header, split it in two, grab the token. It looks nowhere else: not in the query, the body or a cookie.
func BearerToken(r *http.Request) (string, error) {
	values := r.Header["Authorization"]
	if len(values) > 1 {
		return "", ErrSeveral // which one counts would be a matter of taste, and a proxy's may differ
	}
	if len(values) == 0 || values[0] == "" {
		return "", ErrMissing
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") { // RFC 9110 §11.1: in any letter case
		return "", ErrScheme
	}
	if token == "" {
		return "", ErrEmpty
	}
	if strings.Contains(token, " ") {
		return "", ErrShape
	}
	if len(token) > MaxTokenBytes {
		return "", ErrTooLong
	}
	return token, nil
}
