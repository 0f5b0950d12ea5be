package kickstart_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"storefront/fusionauth/internal/kickstart"
)

// The ids of kickstart/kickstart.json, which other parts of the system and its documentation name.
const (
	gatewayID      = "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e"
	gatewayHMACID  = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001"
	gatewayRSAID   = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1002"
	gatewayECID    = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1003"
	gatewayEdID    = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1004"
	gatewayTenant  = "d7d09513-a3f5-401c-9685-34ab6c552453"
	shippedPath    = "../../kickstart/kickstart.json"
	shippedCallURL = "http://localhost:3000/oauth-redirect"

	gatewayWebhookKeyID = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1005"
	shippedWebhookURL   = "http://localhost:3000/webhook"
)

func shippedEnvironment() map[string]string {
	return map[string]string{
		"KICKSTART_API_KEY": "bootstrap-api-key", "FUSIONAUTH_API_KEY": "gateway-login-api-key", "FUSIONAUTH_ISSUER": "http://localhost:9011",
		"JWT_SIGNING_KEY": "0123456789abcdef0123456789abcdef", "ACCESS_TOKEN_KEY_ID": gatewayHMACID, "FUSIONAUTH_CLIENT_SECRET": "client-secret",
		"GATEWAY_REDIRECT_URL": shippedCallURL, "GATEWAY_LOGOUT_URL": "http://localhost:3000/logout/frontchannel",
		"GATEWAY_POST_LOGOUT_URL": "http://localhost:3000/", "ADMIN_PASSWORD": "password-admin", "CUSTOMER_PASSWORD": "password-customer",
		"ANONYMOUS_PASSWORD": "password-anonymous", "MANAGER_PASSWORD": "password-manager",
		"GATEWAY_WEBHOOK_URL": shippedWebhookURL, "REFRESH_TOKEN_USAGE_POLICY": "Reusable",
	}
}

func shipped(t testing.TB, env map[string]string) (kickstart.Setup, error) {
	t.Helper()
	data, err := os.ReadFile(shippedPath)
	if err != nil {
		t.Fatal(err)
	}
	return parse(string(data), env)
}

func TestShipped(t *testing.T) {
	t.Parallel()
	setup, err := shipped(t, shippedEnvironment())
	if err != nil {
		t.Fatalf("the shipped kickstart: %v", err)
	}
	if setup.Tenant.ID != gatewayTenant || setup.Tenant.Issuer != "http://localhost:9011" {
		t.Errorf("tenant = %+v, want %s with the issuer of FUSIONAUTH_ISSUER", setup.Tenant, gatewayTenant)
	}
	if diff := cmp.Diff(map[string]string{
		gatewayHMACID: "HS256", gatewayRSAID: "RS256", gatewayECID: "ES256", gatewayEdID: "Ed25519", gatewayWebhookKeyID: "ES256",
	}, algorithms(setup.Keys[1:])); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	app := setup.Applications[1]
	if app.ID != gatewayID || app.JWT.AccessTokenKeyID != gatewayHMACID || app.JWT.IDTokenKeyID != gatewayRSAID {
		t.Errorf("application %s signs with %s and %s", app.ID, app.JWT.AccessTokenKeyID, app.JWT.IDTokenKeyID)
	}
	if app.OAuth.PKCEPolicy != kickstart.Required || app.OAuth.ClientPolicy != kickstart.Required || !app.OAuth.RequireRegister {
		t.Errorf("oauth = %+v, want PKCE, client authentication and a registration to be required", app.OAuth)
	}
	if diff := cmp.Diff([]string{"admin", "branch-manager", "customer", "anonymous"}, names(app.Roles)); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	want := map[string][]string{
		"admin@example.com": {"admin"}, "manager@example.com": {"branch-manager"},
		"customer@example.com": {"customer"}, "anonymous@example.com": {"anonymous"},
	}
	if diff := cmp.Diff(want, rolesByEmail(setup.Users)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	restricted := map[string][]string{"/api/login": {"POST"}, "/api/jwt/refresh": {"GET", "DELETE"}}
	if diff := cmp.Diff(restricted, setup.APIKeys[1].Endpoints); diff != "" {
		t.Errorf("permissions of the gateway's API key (-want +got):\n%s", diff)
	}
}

// TestShipped_webhook: the gateway hears of whatever makes a token worth less, from somebody whom it can know.
func TestShipped_webhook(t *testing.T) {
	t.Parallel()
	setup, err := shipped(t, shippedEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	events := []string{
		"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.registration.delete", "user.registration.update",
	}
	want := []kickstart.Webhook{{
		URL: shippedWebhookURL, Events: events, SigningKeyID: gatewayWebhookKeyID, ConnectTimeout: time.Second, ReadTimeout: 2 * time.Second,
	}}
	if diff := cmp.Diff(want, setup.Webhooks, cmpopts.IgnoreFields(kickstart.Webhook{}, "ID")); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(events, setup.Tenant.Events); diff != "" {
		t.Errorf("events of the tenant (-want +got):\n%s", diff)
	}
}

func TestShipped_refreshTokenUsage(t *testing.T) {
	t.Parallel()
	for policy, once := range map[string]bool{"Reusable": false, "OneTimeUse": true} {
		env := shippedEnvironment()
		env["REFRESH_TOKEN_USAGE_POLICY"] = policy
		setup, err := shipped(t, env)
		if err != nil {
			t.Fatal(err)
		}
		if jwt := setup.Applications[1].JWT; jwt.OneTimeUse != once || jwt.Grace != 10*time.Second {
			t.Errorf("%s: one-time use %v with a grace of %v", policy, jwt.OneTimeUse, jwt.Grace)
		}
	}
	env := shippedEnvironment()
	env["REFRESH_TOKEN_USAGE_POLICY"] = "reusable"
	if _, err := shipped(t, env); err == nil || !strings.Contains(err.Error(), "is none of the values that this stand-in serves: Reusable, OneTimeUse") {
		t.Errorf("a policy in another case: %v", err)
	}
}

func algorithms(keys []kickstart.Key) map[string]string {
	found := map[string]string{}
	for _, k := range keys {
		found[k.ID] = k.Algorithm
	}
	return found
}

func names(roles []kickstart.Role) []string {
	var found []string
	for _, r := range roles {
		found = append(found, r.Name)
	}
	return found
}

// rolesByEmail gives the roles in the gateway's application.
func rolesByEmail(users []kickstart.User) map[string][]string {
	found := map[string][]string{}
	for _, u := range users {
		for _, r := range u.Registrations {
			if r.ApplicationID == gatewayID {
				found[u.Email] = r.Roles
			}
		}
	}
	return found
}

func TestShipped_signsWithEachKey(t *testing.T) {
	t.Parallel()
	for _, id := range []string{gatewayHMACID, gatewayRSAID, gatewayECID, gatewayEdID} {
		env := shippedEnvironment()
		env["ACCESS_TOKEN_KEY_ID"] = id
		setup, err := shipped(t, env)
		if err != nil || setup.Applications[1].JWT.AccessTokenKeyID != id {
			t.Errorf("access tokens sign with %s, %v; want %s", setup.Applications[1].JWT.AccessTokenKeyID, err, id)
		}
	}
}

// TestShipped_environment: the names that the compose file, the Makefile and the README have to set, each needed.
func TestShipped_environment(t *testing.T) {
	t.Parallel()
	for name := range shippedEnvironment() {
		env := shippedEnvironment()
		delete(env, name)
		if _, err := shipped(t, env); err == nil || !strings.Contains(err.Error(), "environment variable "+name+" is not set") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestShipped_holdsNoSecret: what must not be known stands in the environment alone.
func TestShipped_holdsNoSecret(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(shippedPath)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	variables, _ := document["variables"].(map[string]any)
	secret := []string{"key", "secret", "clientSecret", "password", "privateKey"}
	walk([]any{document["apiKeys"], document["requests"]}, func(name string, value any) {
		text, ok := value.(string)
		if !ok || !slices.Contains(secret, name) {
			return
		}
		variable := strings.TrimSuffix(strings.TrimPrefix(text, "#{"), "}")
		if source, _ := variables[variable].(string); !strings.HasPrefix(source, "#{ENV.") {
			t.Errorf("%s is %q, want a variable that comes from the environment", name, text)
		}
	})
}

func walk(value any, visit func(name string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for name, child := range v {
			visit(name, child)
			walk(child, visit)
		}
	case []any:
		for _, child := range v {
			walk(child, visit)
		}
	}
}
