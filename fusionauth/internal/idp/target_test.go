package idp_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// The tests here are the conformance suite of the stand-in: what speaks HTTP alone can be aimed at any server that the shipped
// kickstart has set up, the real FusionAuth first of all.
//
//	FUSIONAUTH_CONFORMANCE_URL=http://localhost:9011 go test -count=1 -v ./internal/idp
//
// It must be the issuer, access tokens must be signed with the HMAC key, and refresh tokens be reusable. The rest comes from the environment that the kickstart
// was run with, under its own names:
//
//	KICKSTART_API_KEY, FUSIONAUTH_API_KEY, JWT_SIGNING_KEY, FUSIONAUTH_CLIENT_SECRET, GATEWAY_REDIRECT_URL, GATEWAY_LOGOUT_URL,
//	GATEWAY_POST_LOGOUT_URL, ADMIN_PASSWORD, MANAGER_PASSWORD, CUSTOMER_PASSWORD, ANONYMOUS_PASSWORD,
//	FUSIONAUTH_CLIENT_ID (default the kickstart's)
//
// The tests sign people in and out, and end their refresh tokens. Those that need another kickstart, another time, or the pages and
// log of the stand-in are skipped, and say so. Without FUSIONAUTH_CONFORMANCE_URL nothing of the environment counts.

// aim is the server that the environment names, "" for the stand-in.
var aim = strings.TrimSuffix(given("FUSIONAUTH_CONFORMANCE_URL"), "/")

// given reads the environment, for these tests in one place.
func given(name string) string { return os.Getenv(name) } //nolint:forbidigo // tests have no config.go

// What depends on the environment that the kickstart is run with.
var (
	clientID    = setting("FUSIONAUTH_CLIENT_ID", "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e")
	hmacSecret  = setting("JWT_SIGNING_KEY", "0123456789abcdef0123456789abcdef")
	apiKey      = setting("KICKSTART_API_KEY", "bootstrap-api-key")
	loginAPIKey = setting("FUSIONAUTH_API_KEY", "gateway-login-api-key")
	callback    = setting("GATEWAY_REDIRECT_URL", "http://shop.test/oauth-redirect")
	home        = setting("GATEWAY_POST_LOGOUT_URL", "http://shop.test/")
	frontLogout = setting("GATEWAY_LOGOUT_URL", "http://shop.test/logout/frontchannel")

	// Form encoding changes every one of these characters, so a server that forgets to decode Basic credentials fails.
	clientSecret = setting("FUSIONAUTH_CLIENT_SECRET", "s3cret &+%=:/ü")
)

// setting gives what the server that the tests aim at was set up with.
func setting(name, standIn string) string {
	value := given(name)
	if aim == "" || name == "FUSIONAUTH_CLIENT_ID" && value == "" {
		return standIn
	}
	return value
}

var passwords = map[string]string{
	admin: "ADMIN_PASSWORD", customer: "CUSTOMER_PASSWORD", "anonymous@example.com": "ANONYMOUS_PASSWORD", "manager@example.com": "MANAGER_PASSWORD",
}

func password(email string) string { return setting(passwords[email], "password-of-"+email) }

// TestMain refuses to aim without a complete environment: every test would fail, for another reason than it says.
func TestMain(m *testing.M) {
	names := []string{
		"KICKSTART_API_KEY", "FUSIONAUTH_API_KEY", "JWT_SIGNING_KEY", "FUSIONAUTH_CLIENT_SECRET", "GATEWAY_REDIRECT_URL", "GATEWAY_LOGOUT_URL",
		"GATEWAY_POST_LOGOUT_URL", "ADMIN_PASSWORD", "MANAGER_PASSWORD", "CUSTOMER_PASSWORD", "ANONYMOUS_PASSWORD",
	}
	for _, name := range names {
		if aim != "" && given(name) == "" {
			fmt.Fprintf(os.Stderr, "FUSIONAUTH_CONFORMANCE_URL is set, and %s is not: set what the kickstart of that server was run with\n", name)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

// shared is the server for tests that need nothing special: the one that the tests aim at, or the stand-in of the shipped kickstart.
var shared = sync.OnceValues(func() (*site, error) {
	if aim != "" {
		return &site{url: aim}, nil
	}
	return launch(variant{})
})

// start gives a server; one without variant is shared by all tests and lives as long as the process.
func start(t testing.TB, variants ...variant) *site {
	t.Helper()
	if len(variants) > 0 {
		standInOnly(t, "it needs a server with its own kickstart or clock")
		s, err := launch(variants[0])
		if err != nil {
			t.Fatalf("start the identity server: %v", err)
		}
		t.Cleanup(s.stop)
		return s
	}
	s, err := shared()
	if err != nil {
		t.Fatalf("start the identity server: %v", err)
	}
	return s
}

// standInOnly skips a test that says nothing about another server.
func standInOnly(t testing.TB, why string) {
	t.Helper()
	if aim != "" {
		t.Skipf("not against %s: %s", aim, why)
	}
}

// Why a test is about the stand-in alone.
const (
	ownPages  = "it is about the looks of the stand-in's own pages"
	ownRoutes = "it is about what the stand-in does not serve"
)

// isClients reports whether a URL is one of the clients': the gateway's, or those under .test that variants register.
func isClients(u *url.URL) bool {
	gateway, err := url.Parse(callback)
	return err == nil && u.Host == gateway.Host || strings.HasSuffix(u.Host, ".test")
}
