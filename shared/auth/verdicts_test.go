package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// warm verifies a token, so that the verifier remembers it.
func warm(t testing.TB, v *auth.Verifier, token string) auth.Principal {
	t.Helper()
	p, err := v.Verify(t.Context(), token, product)
	if err != nil {
		t.Fatalf("Verify = %v", err)
	}
	if !v.Remembers(token) {
		t.Fatal("the token is not remembered")
	}
	return p
}

func TestVerifier_remembersWhatItSaw(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(t, algorithm)
		v := iss.Verifier(t, "catalog")
		token := iss.UserToken(t, authtest.Claims{"roles": []string{"customer", "admin"}})
		first := warm(t, v, token)
		for range 3 {
			again, err := v.Verify(t.Context(), token, auth.Target{Method: "POST", URI: "/other"})
			if diff := cmp.Diff(first, again); err != nil || diff != "" {
				t.Errorf("%s: Verify = %v (-first +again):\n%s", algorithm, err, diff)
			}
		}
	}
}

// A verdict says who calls, never what that one may do: warmed on an open route, it opens no stricter one.
func TestAuthenticate_warmTokenOnStricterRoutes(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	customer := s.UserToken(t, authtest.Claims{"roles": []string{"customer"}})
	anonymous := s.UserToken(t, authtest.Claims{"roles": []string{"anonymous"}})
	admin := s.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
	gateway := s.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"})
	for range 2 {
		for _, step := range []struct {
			name, token, path string
			want              int
		}{
			{"customer", customer, "/products", 200},
			{"customer", customer, "/branches/1/products", 403},
			{"customer", customer, "/me", 200},
			{"anonymous service user", anonymous, "/products", 200},
			{"anonymous service user", anonymous, "/branches/1/products", 403},
			{"admin", admin, "/branches/1/products", 200},
			{"customer after an admin", customer, "/branches/1/products", 403},
			{"gateway", gateway, "/products", 200},
			{"gateway", gateway, "/me", 401},
			{"gateway", gateway, "/branches/1/products", 401},
			{"gateway, another request", gateway, "/products?x", 401},
		} {
			if a := s.ask(t, http.MethodGet, step.path, step.token, nil); a.status != step.want {
				t.Errorf("%s: %s = %d, want %d", step.name, step.path, a.status, step.want)
			}
		}
	}
	v := s.Verifier(t, "catalog")
	warm(t, v, customer)
	gate := (&shop{Issuer: s.Issuer}).serve(t, v, "", "")
	if a := gate.ask(t, http.MethodGet, "/gateway-only", customer, nil); a.status != http.StatusUnauthorized {
		t.Errorf("a warm user token where the gateway's are taken = %d, want 401", a.status)
	}
}

// S9: many users at once, and each is answered as the one that it is.
func TestVerifier_parallelUsers(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	roles := auth.Roles()
	type user struct {
		token string
		want  auth.Principal
	}
	users := make([]user, 200)
	for i := range users {
		id, role := fmt.Sprintf("user-%d", i), roles[i%len(roles)]
		users[i].token = iss.UserToken(t, authtest.Claims{"sub": id, "jti": "t" + id, "sid": "s" + id, "roles": []string{string(role)}})
		users[i].want = auth.Principal{
			Kind: auth.UserToken, Subject: id, Registered: true, TokenID: "t" + id, SessionID: "s" + id, Roles: []auth.Role{role}, ExpiresAt: noon.Add(10 * time.Minute), IssuedAt: noon,
		}
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for n := range 2000 {
				u := users[(n*(g+1))%len(users)]
				p, err := v.Verify(t.Context(), u.token, product)
				if err != nil || !cmp.Equal(u.want, p) {
					t.Errorf("Verify = %+v, %v, want %+v", p, err, u.want)
					return
				}
				p.Roles[0] = auth.Admin // somebody's mistake stays his own
			}
		})
	}
	all.Wait()
}

// A verdict is for the whole token: no changed copy of it is let in.
func TestVerifier_warmTokenChanged(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	token := iss.UserToken(t)
	warm(t, v, token)
	for i := range len(token) {
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := v.Verify(t.Context(), string(changed), product); !refused(err) {
			t.Errorf("byte %d changed: Verify = %v, want a refusal", i, err)
		}
	}
	for _, other := range []string{token[:len(token)-1], token + "A", token + ".", " " + token, strings.ToUpper(token)} {
		if _, err := v.Verify(t.Context(), other, product); !refused(err) {
			t.Errorf("%.20q…: Verify = %v, want a refusal", other, err)
		}
	}
}

// Verdicts are not shared: what is good for one service, issuer or application is not thereby good for another.
func TestVerifier_warmTokenElsewhere(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	token := iss.UserToken(t)
	warm(t, iss.Verifier(t, "catalog"), token)
	for name, change := range map[string]func(*auth.Config){
		"issuer":      func(c *auth.Config) { c.Users.Issuer = "https://other.example" },
		"audience":    func(c *auth.Config) { c.Users.Audience = "other" },
		"application": func(c *auth.Config) { c.Users.ApplicationID = "other" },
		"keys":        func(c *auth.Config) { c.Users.Keys = auth.StaticKeys(authtest.NewKey(t, "HS256", "k").Key) },
		"roles claim": func(c *auth.Config) { c.Users.RolesClaim = "sub" },
	} {
		cfg := iss.Config("inventory")
		change(&cfg)
		v, err := auth.NewVerifier(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token, product); !refused(err) {
			t.Errorf("another %s: Verify = %v, want a refusal", name, err)
		}
	}
}

// The time is looked at with every request.
func TestVerifier_warmTokenAndTheClock(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	var c clock
	cfg := iss.Config("catalog")
	cfg.Now = c.Now
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	token := iss.UserToken(t, authtest.Claims{"iat": at(-time.Minute), "nbf": at(-30 * time.Second), "exp": at(time.Minute)})
	issued := iss.UserToken(t, authtest.Claims{"iat": at(-time.Minute)})
	warm(t, v, token)
	warm(t, v, issued)
	for _, tt := range []struct {
		token string
		when  time.Duration
		want  error
	}{
		{token, time.Minute + 29*time.Second, nil},
		{token, time.Minute + 30*time.Second, auth.ErrExpired},
		{token, time.Hour, auth.ErrExpired},
		{token, -time.Minute, nil},
		{token, -time.Minute - time.Second, auth.ErrNotBefore},
		{issued, -90 * time.Second, nil},
		{issued, -91 * time.Second, auth.ErrIssuedAt},
		{token, 0, nil},
	} {
		c.ahead.Store(int64(tt.when))
		if _, err := v.Verify(t.Context(), tt.token, product); !errors.Is(err, tt.want) {
			t.Errorf("%v from noon: Verify = %v, want %v", tt.when, err, tt.want)
		}
	}
}

// A key that is no longer published verifies nothing, warm or not; one that is published again under its name does.
func TestVerifier_warmTokenAndItsKey(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "ES256")
	r := newRemote(t, iss.Users.Key)
	cfg := iss.Config("catalog")
	cfg.Users.Keys, cfg.Now = r, r.Now
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	token := iss.UserToken(t, authtest.Claims{"exp": noon.Add(24 * time.Hour).Unix()})
	warm(t, v, token)
	other := authtest.NewKey(t, "ES256", iss.Users.Key.ID).Key
	for _, step := range []struct {
		name      string
		published []auth.Key
		want      error
	}{
		{"the same key", []auth.Key{iss.Users.Key}, nil},
		{"another key", []auth.Key{authtest.NewKey(t, "ES256", "another").Key}, auth.ErrUnknownKey},
		{"another key of the same name", []auth.Key{other}, auth.ErrSignature},
		{"both of that name", []auth.Key{other, iss.Users.Key}, nil},
	} {
		r.Set(t, step.published...)
		r.advance(time.Hour) // the set is so old that the next token waits for it
		if _, err := v.Verify(t.Context(), token, product); !errors.Is(err, step.want) {
			t.Errorf("%s: Verify = %v, want %v", step.name, err, step.want)
		}
	}
	r.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	r.advance(time.Hour)
	if _, err := v.Verify(t.Context(), token, product); err != nil {
		t.Errorf("while the keys cannot be renewed: Verify = %v", err)
	}
}

func TestVerifier_warmTokenWithoutKeys(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "ES256")
	var failure error
	var asked []string
	cfg := iss.Config("catalog")
	cfg.Users.Keys = keySetFunc(func(_ context.Context, kid string) ([]auth.Key, error) {
		asked = append(asked, kid)
		return []auth.Key{iss.Users.Key}, failure
	})
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	token := iss.UserToken(t)
	warm(t, v, token)
	asked = nil
	if _, err := v.Verify(t.Context(), token, product); err != nil || !slices.Equal(asked, []string{iss.Users.Key.ID}) {
		t.Errorf("Verify = %v, and asked for the keys %q, want once for the token's own", err, asked)
	}
	failure = auth.ErrUnavailable
	if _, err := v.Verify(t.Context(), token, product); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Verify = %v, want %v", err, auth.ErrUnavailable)
	}
}

// What is remembered is bounded: users' good tokens, and no more of them than there are places.
func TestVerifier_remembersNoMore(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	for _, a := range attacks() {
		_, _ = v.Verify(t.Context(), a.token(t, iss), product)
	}
	for range 100 {
		if _, err := v.Verify(t.Context(), iss.GatewayToken(t, "catalog", product), product); err != nil {
			t.Fatal(err)
		}
	}
	if n := v.Remembered(); n != 0 {
		t.Errorf("%d refused tokens, or tokens of the gateway, are remembered", n)
	}
	const some, many = 100, auth.VerdictSlots
	for i := range many {
		if i == some && v.Remembered() < some*9/10 {
			t.Errorf("%d of %d tokens are remembered", v.Remembered(), some)
		}
		id := fmt.Sprint(i)
		if p, err := v.Verify(t.Context(), iss.UserToken(t, authtest.Claims{"jti": id}), product); err != nil || p.TokenID != id {
			t.Fatalf("token %s: %+v, %v", id, p, err)
		}
	}
	if n := v.Remembered(); n > auth.VerdictSlots || n < auth.VerdictSlots/2 {
		t.Errorf("%d of %d tokens are remembered, want at most %d and not much less", n, many, auth.VerdictSlots)
	}
}

func TestVerifier_forgetful(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	cfg := iss.Config("catalog")
	cfg.Forgetful = true
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	token := iss.UserToken(t)
	for range 2 {
		if _, err := v.Verify(t.Context(), token, product); err != nil {
			t.Errorf("Verify = %v", err)
		}
	}
	if v.Remembers(token) {
		t.Error("the token is remembered")
	}
}
