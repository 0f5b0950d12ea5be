package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

var (
	noon    = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	product = auth.Target{Method: "GET", URI: "/products/7?lang=de"}
)

// attack is a token that must not pass. Names begin with the row of the goal table that asks for it.
type attack struct {
	name  string
	guard string // the line of the lists of checks that alone stands in its way, "" when it is no such line
	want  auth.Refusal
	token func(testing.TB, *authtest.Issuer) string
}

// attacks are the ones on the checks; those on signatures and keys have tests of their own.
func attacks() []attack {
	return slices.Concat(algorithmAttacks(), headerAttacks(), shapeAttacks(),
		timeAttacks(), sourceAttacks(), duplicateAttacks(), roleAttacks(), gatewayAttacks())
}

// user is an attack with claims that are wrong in a well-signed user token.
func user(name, guard string, want auth.Refusal, claims authtest.Claims) attack {
	return attack{name, guard, want, func(t testing.TB, iss *authtest.Issuer) string { return iss.UserToken(t, claims) }}
}

// gateway is an attack with claims that are wrong in a well-signed gateway token.
func gateway(name, guard string, want auth.Refusal, claims authtest.Claims) attack {
	return attack{name, guard, want, func(t testing.TB, iss *authtest.Issuer) string {
		return iss.GatewayToken(t, "catalog", product, claims)
	}}
}

// header is an attack with header parameters that are wrong in a well-signed admin's token.
func header(name, guard string, want auth.Refusal, parameters authtest.Claims) attack {
	return attack{name, guard, want, func(t testing.TB, iss *authtest.Issuer) string {
		return iss.Users.Token(t, iss.UserHeader(parameters), iss.UserClaims(authtest.Claims{"roles": []string{"admin"}}))
	}}
}

// rewrite is an attack that changes the JSON text of a good token's header or payload and signs the result well.
func rewrite(name string, want auth.Refusal, change func(header, payload string) (string, string)) attack {
	return attack{name, "", want, func(t testing.TB, iss *authtest.Issuer) string {
		h, p := change(iss.UserHeader().JSON(t), iss.UserClaims().JSON(t))
		return iss.Users.RawToken(t, h, p)
	}}
}

// respell is an attack that changes the finished token.
func respell(name string, want auth.Refusal, change func(token string) string) attack {
	return attack{name, "", want, func(t testing.TB, iss *authtest.Issuer) string { return change(iss.UserToken(t)) }}
}

func newIssuer(t testing.TB, algorithm string) *authtest.Issuer {
	t.Helper()
	iss := authtest.New(t, algorithm)
	iss.Now = func() time.Time { return noon }
	return iss
}

func TestVerifier_namesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range attacks() {
		if seen[a.name] {
			t.Errorf("two attacks are named %q", a.name)
		}
		seen[a.name] = true
		if row, _, _ := strings.Cut(a.name, " "); !strings.HasPrefix(row, "T") && row != "binding" {
			t.Errorf("attack %q does not name its row", a.name)
		}
	}
}
