package auth_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

func TestVerifier_rejects(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			token := a.token(t, iss)
			p, err := v.Verify(t.Context(), token, product)
			if !errors.Is(err, a.want) {
				t.Errorf("Verify = %+v, %v, want %v", p, err, a.want)
			}
			if diff := cmp.Diff(auth.Principal{}, p); diff != "" {
				t.Errorf("a refused token has a principal:\n%s", diff)
			}
		})
	}
}

// The reasons go to the log: constants, and after them at most the one claim that was looked at; never the subject, an e-mail address or
// a part of the token.
func TestVerifier_refusalsShowNoMoreThanTheClaim(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	for _, a := range attacks() {
		token := a.token(t, iss)
		_, err := v.Verify(t.Context(), token, product)
		got, want := err.Error(), "token refused: "+string(a.want)
		if got != want && !strings.HasPrefix(got, want+": ") || len(got) > 250 {
			t.Errorf("%s: error %q, want %q", a.name, got, want)
		}
		for _, secret := range append(strings.Split(token, "."), authtest.Subject, "@") {
			if len(secret) > 20 && strings.Contains(got, secret) {
				t.Errorf("%s: error %q shows %q", a.name, got, secret)
			}
		}
	}
}

// Every line of the lists of checks is there for a token that would come in without it.
func TestVerifier_everyCheckCounts(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	guarded := map[string][]attack{}
	for _, a := range attacks() {
		if a.guard != "" {
			guarded[a.guard] = append(guarded[a.guard], a)
		}
	}
	for _, name := range v.CheckNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(guarded[name]) == 0 {
				t.Errorf("no attack is stopped by %s alone", name)
			}
			hurt := v.Without(name)
			for _, a := range guarded[name] {
				if _, err := hurt.Verify(t.Context(), a.token(t, iss), product); err != nil {
					t.Errorf("without %s, %q is still refused: %v", name, a.name, err)
				}
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(guarded)) {
		if !slices.Contains(v.CheckNames(), name) {
			t.Errorf("attack %q is guarded by %s, which is no check", guarded[name][0].name, name)
		}
	}
}

func TestVerifier_acceptsUserTokens(t *testing.T) {
	t.Parallel()
	good := auth.Principal{
		Kind:       auth.UserToken,
		Subject:    authtest.Subject,
		Registered: true,
		TokenID:    "5e0bb4a1-0c57-4c37-a0b9-6b8f4b0c9d11",
		SessionID:  "0d8a1c52-6e0e-4a57-9d7e-2b7a55b3f3a1",
		ExpiresAt:  noon.Add(10 * time.Minute),
		IssuedAt:   noon,
	}
	with := func(change func(*auth.Principal)) auth.Principal { p := good; change(&p); return p }
	roles := func(r ...auth.Role) auth.Principal {
		return with(func(p *auth.Principal) { p.Roles = r })
	}
	late, soon := noon.Add(-29*time.Second), noon.Add(30*time.Second)
	tests := []struct {
		name   string
		header authtest.Claims
		claims authtest.Claims
		want   auth.Principal
	}{
		{"T17 as FusionAuth makes it", nil, nil, good},
		{"T17 admin", nil, authtest.Claims{"roles": []string{"admin"}}, roles(auth.Admin)},
		{"T17 several roles", nil, authtest.Claims{"roles": []string{"customer", "branch-manager"}}, roles(auth.Customer, auth.BranchManager)},
		{"T11 unknown roles are ignored", nil, authtest.Claims{"roles": []string{"owner", "admin", "Admin"}}, roles(auth.Admin)},
		{"T11 a role twice counts once", nil, authtest.Claims{"roles": []string{"admin", "admin"}}, roles(auth.Admin)},
		{"T11 no roles claim", nil, authtest.Claims{"roles": authtest.Absent}, good},
		{"T8 aud list", nil, authtest.Claims{"aud": []string{"other", authtest.ClientID}}, good},
		{"T8 no applicationId: the user is not registered", nil, authtest.Claims{"applicationId": authtest.Absent},
			with(func(p *auth.Principal) { p.Registered = false })},
		{"T17 unicode claims", nil, authtest.Claims{"name": "Zoë 日本 😀 \u2028"}, good},
		{"T17 nested extra claims", nil, authtest.Claims{"x": map[string]any{"roles": []any{map[string]any{"a": nil}}}}, good},
		{"T9 typ at+jwt", authtest.Claims{"typ": "at+jwt"}, nil, good},
		{"T9 no typ", authtest.Claims{"typ": authtest.Absent}, nil, good},
		{"T4 no kid", authtest.Claims{"kid": authtest.Absent}, nil, good},
		{"T4 kid that FusionAuth chose", authtest.Claims{"kid": "X9f1"}, nil, good},
		{"T4 kid is a path, and only a name", authtest.Claims{"kid": "../../../../dev/null"}, nil, good},
		{"T7 exp just past: clocks differ", nil, authtest.Claims{"exp": late.Unix()},
			with(func(p *auth.Principal) { p.ExpiresAt = late })},
		{"T7 exp with a fraction", nil, authtest.Claims{"exp": float64(noon.Unix()) + 1.5},
			with(func(p *auth.Principal) { p.ExpiresAt = noon.Add(1500 * time.Millisecond) })},
		{"T7 iat and nbf just ahead: clocks differ", nil, authtest.Claims{"iat": soon.Unix(), "nbf": soon.Unix()},
			with(func(p *auth.Principal) { p.IssuedAt = soon })},
		{"T7 no iat", nil, authtest.Claims{"iat": authtest.Absent}, with(func(p *auth.Principal) { p.IssuedAt = time.Time{} })},
		{"T17 no jti", nil, authtest.Claims{"jti": authtest.Absent}, with(func(p *auth.Principal) { p.TokenID = "" })},
		{"T17 no sid: a login without offline_access", nil, authtest.Claims{"sid": authtest.Absent}, with(func(p *auth.Principal) { p.SessionID = "" })},
		{"T17 no sub: a user without a name", nil, authtest.Claims{"sub": authtest.Absent, "\u017fub": "x"}, with(func(p *auth.Principal) { p.Subject = "" })},
		{"T10 another spelling of a claim is another claim", nil,
			authtest.Claims{"Roles": []string{"admin"}, "ROLES": []string{"admin"}, "role\u017f": []string{"admin"}, "EXP": 1, "Aud": "x"}, good},
	}
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(t, algorithm)
		v := iss.Verifier(t, "catalog")
		for _, tt := range tests {
			if strings.HasPrefix(tt.name, "T4") && algorithm != "HS256" {
				continue // public keys are looked up by kid
			}
			t.Run(algorithm+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				token := iss.Users.Token(t, iss.UserHeader(tt.header), iss.UserClaims(tt.claims))
				got, err := v.Verify(t.Context(), token, product)
				if err != nil {
					t.Fatalf("Verify: %v", err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("Verify (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestVerifier_acceptsGatewayTokens(t *testing.T) {
	t.Parallel()
	want := auth.Principal{
		Kind: auth.GatewayToken, Subject: "gateway", TokenID: "0Q7RZ3GQ4M2YV5K1T9X8W6B4NA",
		ExpiresAt: noon.Add(10 * time.Minute), IssuedAt: noon,
	}
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(t, algorithm)
		v := iss.Verifier(t, "catalog")
		for name, claims := range map[string]authtest.Claims{
			"as the gateway makes it":   nil,
			"T11 roles are not for it":  {"roles": []string{"admin"}},
			"T11 nor is their shape":    {"roles": "admin"},
			"T8 applicationId is not":   {"applicationId": "other"},
			"T17 with claims of others": {"tid": "30663132"},
		} {
			t.Run(algorithm+"/"+name, func(t *testing.T) {
				t.Parallel()
				got, err := v.Verify(t.Context(), iss.GatewayToken(t, "catalog", product, claims), product)
				if err != nil {
					t.Fatalf("Verify: %v", err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("Verify (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// The gateway has no Gateway in its Config: what it signs for others does not open its own routes.
func TestVerifier_withoutGateway(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v, err := auth.NewVerifier(iss.UsersOnly())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), iss.GatewayToken(t, "catalog", product), product); !errors.Is(err, auth.ErrGatewayToken) {
		t.Errorf("Verify(gateway token) = %v, want %v", err, auth.ErrGatewayToken)
	}
	if _, err := v.Verify(t.Context(), iss.UserToken(t), auth.Target{}); err != nil {
		t.Errorf("Verify(user token) = %v, want it accepted", err)
	}
}

func TestVerifier_rolesClaim(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	cfg := iss.Config("catalog")
	cfg.Users.RolesClaim = "realm_access.shop.roles"
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	nested := func(v any) authtest.Claims {
		return authtest.Claims{"realm_access": map[string]any{"shop": map[string]any{"roles": v}}, "roles": []string{"admin"}}
	}
	tests := []struct {
		name   string
		claims authtest.Claims
		want   []auth.Role
		err    error
	}{
		{"list", nested([]string{"customer"}), []auth.Role{auth.Customer}, nil},
		{"nothing on the way", authtest.Claims{"roles": []string{"admin"}}, nil, nil},
		{"no list at the end", authtest.Claims{"realm_access": map[string]any{"shop": map[string]any{}}}, nil, nil},
		{"string at the end", nested("admin"), nil, auth.ErrRoles},
		{"list on the way", authtest.Claims{"realm_access": []string{"admin"}}, nil, auth.ErrRoles},
		{"null on the way", authtest.Claims{"realm_access": map[string]any{"shop": nil}}, nil, auth.ErrRoles},
		{"flat name with the dots", authtest.Claims{"realm_access.shop.roles": []string{"admin"}}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := v.Verify(t.Context(), iss.UserToken(t, tt.claims), product)
			if !errors.Is(err, tt.err) {
				t.Fatalf("Verify = %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, p.Roles); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewVerifier_namesWhatIsMissing(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	for field, clear := range map[string]func(*auth.Config){
		"Users.Issuer":        func(c *auth.Config) { c.Users.Issuer = "" },
		"Users.Audience":      func(c *auth.Config) { c.Users.Audience = "" },
		"Users.ApplicationID": func(c *auth.Config) { c.Users.ApplicationID = "" },
		"Users.Keys":          func(c *auth.Config) { c.Users.Keys = nil },
		"Gateway.Issuer":      func(c *auth.Config) { c.Gateway.Issuer = "" },
		"Gateway.Audience":    func(c *auth.Config) { c.Gateway.Audience = "" },
		"Gateway.Keys":        func(c *auth.Config) { c.Gateway.Keys = nil },
	} {
		cfg := iss.Config("catalog")
		clear(&cfg)
		v, err := auth.NewVerifier(cfg)
		if v != nil || err == nil || err.Error() != "auth config: "+field+" is missing" {
			t.Errorf("NewVerifier without %s = %v, %v", field, v, err)
		}
	}
	_, err := auth.NewVerifier(auth.Config{})
	if err == nil || strings.Count(err.Error(), "missing") != 4 {
		t.Errorf("NewVerifier(Config{}) = %v, want all four fields of Users", err)
	}
}

// Without a clock of its own a verifier reads the machine's.
func TestVerifier_realClock(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	cfg := iss.Config("catalog")
	cfg.Now = nil
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), iss.UserToken(t), product); err != nil {
		t.Errorf("Verify(fresh token) = %v", err)
	}
	old := iss.UserToken(t, authtest.Claims{"exp": iss.Unix(-2 * time.Minute)})
	if _, err := v.Verify(t.Context(), old, product); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("Verify(old token) = %v, want %v", err, auth.ErrExpired)
	}
}
