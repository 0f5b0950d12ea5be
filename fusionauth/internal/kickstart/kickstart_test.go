package kickstart_test

import (
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"storefront/fusionauth/internal/kickstart"
)

// Ids of testdata/good.json.
const (
	tenantID = "11111111-1111-4111-8111-111111111111"
	hmacID   = "22222222-2222-4222-8222-222222222222"
	rsaID    = "33333333-3333-4333-8333-333333333333"
	adminID  = "44444444-4444-4444-8444-444444444444"
	shopID   = "55555555-5555-4555-8555-555555555555"

	hookKeyID = "99999999-9999-4999-8999-999999999999"
)

func environment() map[string]string {
	return map[string]string{
		"API_KEY":       "an-api-key-that-is-long",
		"SECRET":        "a-secret-of-forty-characters-0123456789a",
		"CLIENT_SECRET": `quote " backslash \ brace #{apiKey} newline` + "\n",
		"PASSWORD":      "password-of-the-admin",
	}
}

func lookup(env map[string]string) kickstart.Lookup {
	return func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}
}

func good(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/good.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parse(text string, env map[string]string, more ...string) (kickstart.Setup, error) {
	files := fstest.MapFS{"kickstart.json": {Data: []byte(text)}}
	for i := 0; i+1 < len(more); i += 2 {
		files[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return kickstart.Parse(files, "kickstart.json", lookup(env))
}

func TestParse(t *testing.T) {
	t.Parallel()
	env := environment()
	got, err := parse(good(t), env)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	signing := got.Keys[0].ID
	want := kickstart.Setup{
		Tenant: kickstart.Tenant{
			ID: tenantID, Name: "Default", Issuer: "http://idp.test", LogoutURL: "http://shop.test/bye",
			Events: []string{"jwt.refresh-token.revoke", "user.delete"},
			JWT: kickstart.JWT{
				AccessTokenKeyID: signing, IDTokenKeyID: kickstart.ShadowSHA256,
				AccessTokenTTL: time.Hour, RefreshTokenTTL: 30 * 24 * time.Hour,
			},
		},
		Keys: []kickstart.Key{
			{ID: signing, Name: "Default signing key", Algorithm: "HS256"},
			{ID: hmacID, Name: "HMAC", KID: "one", Algorithm: "HS256", Secret: "a-secret-of-forty-characters-0123456789a"},
			{ID: rsaID, Name: "RSA", Algorithm: "RS256", Bits: 2048},
			{ID: hookKeyID, Name: "Webhooks", Algorithm: "ES256"},
		},
		Applications: []kickstart.Application{{
			ID: shopID, Name: "Shop",
			JWT: kickstart.JWT{
				AccessTokenKeyID: hmacID, IDTokenKeyID: rsaID, AccessTokenTTL: 10 * time.Minute, RefreshTokenTTL: time.Hour,
				OneTimeUse: true, Grace: 30 * time.Second, Sliding: true,
			},
			Login: kickstart.Login{AllowTokenRefresh: true, GenerateRefreshTokens: true},
			OAuth: kickstart.OAuth{
				ClientSecret: `quote " backslash \ brace #{apiKey} newline` + "\n",
				RedirectURLs: []string{"http://shop.test/callback"}, LogoutURL: "http://shop.test/logout",
				LogoutBehavior: kickstart.RedirectOnly, Grants: []string{kickstart.GrantCode},
				ClientPolicy: kickstart.NotRequiredWhenUsingPKCE, PKCEPolicy: kickstart.Required,
				ScopeHandling: kickstart.Compatibility, UnknownScopes: kickstart.Remove, RequireRegister: true,
			},
			Roles: []kickstart.Role{{Name: "admin"}, {ID: "66666666-6666-4666-8666-666666666666", Name: "customer", Default: true}},
		}},
		Users: []kickstart.User{
			{
				ID: adminID, Email: "admin@shop.test", FirstName: "Admin", LastName: "Example", FullName: "Admin Example",
				Password: "password-of-the-admin", Verified: true,
				Registrations: []kickstart.Registration{
					{ApplicationID: shopID, Roles: []string{"admin"}},
					{ApplicationID: kickstart.AdminApplicationID, Roles: []string{"user_manager"}},
				},
			},
			{
				ID: "77777777-7777-4777-8777-777777777777", Email: "customer@shop.test", FullName: "literal #{text}", Password: "12345678",
				Registrations: []kickstart.Registration{{ApplicationID: shopID, Roles: []string{"customer"}}},
			},
		},
		APIKeys: []kickstart.APIKey{
			{Key: "an-api-key-that-is-long"},
			{Key: "restricted-key", Endpoints: map[string][]string{"/api/login": {"POST"}, "/api/status": nil}},
		},
		Webhooks: []kickstart.Webhook{
			{
				URL: "http://shop.test/hook?a=b", Events: []string{"jwt.refresh-token.revoke", "user.delete"}, SigningKeyID: hookKeyID,
				ConnectTimeout: 500 * time.Millisecond, ReadTimeout: 1500 * time.Millisecond,
			},
			{
				ID: "88888888-8888-4888-8888-888888888888", URL: "https://other.test/hook",
				ConnectTimeout: time.Millisecond, ReadTimeout: time.Millisecond,
			},
		},
	}
	got.Applications = got.Applications[1:] // the admin application comes first
	got.Applications[0].Roles[0].ID = ""    // random
	got.Webhooks[0].ID = ""                 // random
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse gave a difference (-want +got):\n%s", diff)
	}
}

func TestParse_theAdminApplicationCannotBeLoggedInTo(t *testing.T) {
	t.Parallel()
	setup, err := parse(good(t), environment())
	if err != nil {
		t.Fatal(err)
	}
	admin := setup.Applications[0]
	if admin.ID != kickstart.AdminApplicationID || len(admin.OAuth.Grants) != 0 || len(admin.OAuth.RedirectURLs) != 0 {
		t.Errorf("first application = %+v, want the admin application without grants and redirect URLs", admin)
	}
	if admin.OAuth.ClientSecret == "" || admin.JWT != setup.Tenant.JWT {
		t.Errorf("the admin application has no secret of its own, or not the tenant's JWT settings")
	}
}

// TestParse_defaults reads the least that FusionAuth would take.
func TestParse_defaults(t *testing.T) {
	t.Parallel()
	setup, err := parse(`{
		"variables": {}, "apiKeys": [{"key": "12345678"}], "requests": [
			{"method": "POST", "url": "/api/application/`+shopID+`", "body": {"application": {"name": "Shop",
				"jwtConfiguration": {"enabled": false, "timeToLiveInSeconds": 5}}}}
		]}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := kickstart.Application{
		ID: shopID, Name: "Shop", JWT: setup.Tenant.JWT, Login: kickstart.Login{RequireAuthentication: true},
		OAuth: kickstart.OAuth{
			Grants: []string{kickstart.GrantCode, kickstart.GrantRefresh}, LogoutBehavior: kickstart.AllApplications,
			ClientPolicy: kickstart.Required, PKCEPolicy: kickstart.NotRequired, ScopeHandling: kickstart.Strict,
			UnknownScopes: kickstart.Reject, RefreshTokens: true,
		},
	}
	ignore := cmpopts.IgnoreFields(kickstart.OAuth{}, "ClientSecret")
	if diff := cmp.Diff(want, setup.Applications[1], ignore); diff != "" {
		t.Errorf("application (-want +got):\n%s", diff)
	}
	if len(setup.Applications[1].OAuth.ClientSecret) < 26 {
		t.Error("no client secret was made")
	}
	if setup.Tenant.Issuer != "acme.com" {
		t.Errorf("issuer = %q, want FusionAuth's acme.com", setup.Tenant.Issuer)
	}
}

// TestParse_aliases: settings that a tenant PATCH makes reach applications that have none of their own, also earlier ones.
func TestParse_applicationsFollowTheTenant(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good(t), `"enabled": true`, `"enabled": false`, 1)
	text = strings.Replace(text, `"issuer": "http://idp.test",`,
		`"issuer": "http://idp.test", "name": "Shops", "jwtConfiguration": {"timeToLiveInSeconds": 77, "refreshTokenUsagePolicy": "OneTimeUse"},`, 1)
	setup, err := parse(text, environment())
	if err != nil {
		t.Fatal(err)
	}
	if jwt := setup.Applications[1].JWT; jwt.AccessTokenTTL != 77*time.Second || !jwt.OneTimeUse || jwt.AccessTokenKeyID != setup.Keys[0].ID {
		t.Errorf("application JWT = %+v, want the tenant's", jwt)
	}
	if setup.Tenant.Name != "Shops" {
		t.Errorf("tenant name = %q, want Shops", setup.Tenant.Name)
	}
}

func TestParse_everyFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := parse(good(t), nil)
	faults, ok := errors.AsType[kickstart.Faults](err)
	if !ok {
		t.Fatalf("Parse without environment = %v, want Faults", err)
	}
	for name := range maps.Keys(environment()) {
		if n := strings.Count(faults.Error(), "environment variable "+name+" is not set"); n != 1 {
			t.Errorf("%s is reported %d times, want once, where it stands:\n%v", name, n, faults)
		}
	}
	if len(faults) != len(environment()) {
		t.Errorf("%d faults, want %d, none of them a consequence of another:\n%v", len(faults), len(environment()), faults)
	}
}

func TestParse_neverPrintsASecret(t *testing.T) {
	t.Parallel()
	env := map[string]string{"API_KEY": "sEcReT", "SECRET": "sEcReT", "CLIENT_SECRET": "sEcReT", "PASSWORD": "sEcReT"}
	text := strings.NewReplacer(
		`"url": "/api/tenant/#{defaultTenantId}"`, `"url": "/api/tenant/#{ENV.PASSWORD}"`,
		`"algorithm": "RS256"`, `"algorithm": "#{ENV.SECRET}"`,
		`"tenantId": "#{defaultTenantId}"`, `"tenantId": "#{ENV.PASSWORD}"`,
		`"email": "customer@shop.test"`, `"email": "#{ENV.PASSWORD}"`,
		`"logoutURL": "http://shop.test/logout"`, `"logoutURL": "#{ENV.PASSWORD}"`,
		`"user_manager"`, `"#{ENV.PASSWORD}"`,
	).Replace(good(t))
	_, err := parse(text, env)
	if err == nil || strings.Count(err.Error(), "\n") < 6 {
		t.Fatalf("Parse = %v, want many faults", err)
	}
	if strings.Contains(err.Error(), "sEcReT") {
		t.Errorf("a secret is printed:\n%v", err)
	}
}
