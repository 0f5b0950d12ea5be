package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// Whoever reads the log finds what the check saw beside what it expected, and not one part of the token.
func TestVerifier_saysWhatItSaw(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "ES256")
	v := iss.Verifier(t, "catalog")
	for _, tt := range []struct {
		name   string
		header authtest.Claims
		claims authtest.Claims
		want   auth.Refusal
		says   string
	}{
		{"another issuer", nil, authtest.Claims{"iss": "http://elsewhere"}, auth.ErrIssuer, `iss "http://elsewhere", expected "` + authtest.UserIssuer + `"`},
		{"no issuer", nil, authtest.Claims{"iss": authtest.Absent}, auth.ErrIssuer, "iss (none)"},
		{"a list of audiences", nil, authtest.Claims{"aud": []string{"a", "b"}}, auth.ErrAudience, `aud "[\"a\",\"b\"]"`},
		{"another application", nil, authtest.Claims{"applicationId": "other"}, auth.ErrApplication, `applicationId "other"`},
		{"expired", nil, authtest.Claims{"exp": noon.Add(-time.Hour).Unix()}, auth.ErrExpired, "exp was 1h0m0s ago"},
		{"a clock that is ahead", nil, authtest.Claims{"iat": noon.Add(5 * time.Minute).Unix()}, auth.ErrIssuedAt, "iat is 5m0s ahead of this clock"},
		{"no time at all", nil, authtest.Claims{"nbf": "soon"}, auth.ErrNotBefore, `nbf "soon"`},
		{"roles as text", nil, authtest.Claims{"roles": "admin"}, auth.ErrRoles, `roles "admin"`},
		{"a kid that nobody knows", authtest.Claims{"kid": "stale"}, nil, auth.ErrUnknownKey, `kid "stale"`},
		{"a kid of two lines", authtest.Claims{"kid": "stale\nline"}, nil, auth.ErrUnknownKey, "kid (10 bytes that are not shown)"},
		{"an e-mail address", authtest.Claims{"kid": "somebody@example.com"}, nil, auth.ErrUnknownKey, "kid (20 bytes that are not shown)"},
		{"another kind of token", authtest.Claims{"typ": "dpop+jwt"}, nil, auth.ErrType, `typ "dpop+jwt"`},
		{"a value without end", nil, authtest.Claims{"iss": strings.Repeat("x", 5000)}, auth.ErrIssuer, "iss (5000 bytes that are not shown), expected"},
	} {
		token := iss.Users.Token(t, iss.UserHeader(tt.header), iss.UserClaims(tt.claims))
		_, err := v.Verify(t.Context(), token, product)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %s and %s", tt.name, err, tt.want, tt.says)
			continue
		}
		for part := range strings.SplitSeq(token, ".") {
			if len(err.Error()) > 250 || strings.Contains(err.Error(), part) {
				t.Errorf("%s: the log would hold a part of the token, or too much: %v", tt.name, err)
			}
		}
	}
}
