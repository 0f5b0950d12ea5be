package idp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const nobody = "99999999-9999-4999-8999-999999999999"

// roleBody asks for roles, as JSON; "" leaves them out.
func roleBody(roles string) string {
	if roles != "" {
		roles = `,"roles":` + roles
	}
	return `{"registration":{"applicationId":"` + clientID + `"` + roles + `}}`
}

// TestUserAPI_refusals changes nothing at the server that it is aimed at.
func TestUserAPI_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	registration := "/api/user/registration/" + customerID
	for _, tt := range []struct {
		name, method, path, key, body string
		status                        int
	}{
		{"deactivation without key", "DELETE", "/api/user/" + customerID, "", "", 401},
		{"deactivation with a key for other things", "DELETE", "/api/user/" + customerID, loginAPIKey, "", 401},
		{"deactivation of nobody", "DELETE", "/api/user/" + nobody, apiKey, "", 404},
		{"deletion of nobody", "DELETE", "/api/user/" + nobody + "?hardDelete=true", apiKey, "", 404},
		{"reactivation without key", "PUT", "/api/user/" + customerID + "?reactivate=true", "", "", 401},
		{"reactivation of nobody", "PUT", "/api/user/" + nobody + "?reactivate=true", apiKey, "", 404},
		{"roles without key", "PUT", registration, "", roleBody(`["admin"]`), 401},
		{"roles with a key for other things", "PATCH", registration, loginAPIKey, roleBody(`["admin"]`), 401},
		{"roles of nobody", "PATCH", "/api/user/registration/" + nobody, apiKey, roleBody(`["admin"]`), 404},
		{"role that is none", "PUT", registration, apiKey, roleBody(`["boss"]`), 400},
		{"role in another case", "PATCH", registration, apiKey, roleBody(`["Admin"]`), 400},
		{"no application", "PUT", registration, apiKey, `{"registration":{"roles":[]}}`, 400},
		{"no JSON", "PUT", registration, apiKey, `x`, 400},
		{"end of a registration without key", "DELETE", registration + "/" + clientID, "", "", 401},
		{"end of a registration of nobody", "DELETE", "/api/user/registration/" + nobody + "/" + clientID, apiKey, "", 404},
		{"end of a registration that is none", "DELETE", registration + "/" + nobody, apiKey, "", 404},
	} {
		if got := s.call(t, tt.method, tt.path, tt.key, tt.body); got.status != tt.status {
			t.Errorf("%s = %d %s, want %d", tt.name, got.status, got.text, tt.status)
		}
	}
	if claims := part(t, s.login(t, customer, nil).AccessToken, 1); cmp.Diff([]any{"customer"}, claims["roles"]) != "" {
		t.Errorf("roles after the refusals = %v", claims["roles"])
	}
}

func TestUserAPI_ownRefusals(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownRoutes)
	s := start(t)
	for path, method := range map[string]string{
		"/api/user/" + customerID + "?hardDelete=yes": "DELETE", "/api/user/" + customerID: "PUT", "/api/user/" + customerID + "?reactivate=false": "PUT",
	} {
		if got := s.call(t, method, path, apiKey, ""); got.status != http.StatusBadRequest {
			t.Errorf("%s %s = %d, want 400", method, path, got.status)
		}
	}
}

// TestUserAPI_sameRoles says to any server what it has already.
func TestUserAPI_sameRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.call(t, http.MethodPatch, "/api/user/registration/"+customerID, apiKey, roleBody(`["customer"]`))
	registration, _ := got.json(t)["registration"].(map[string]any)
	if got.status != http.StatusOK || registration["applicationId"] != clientID || cmp.Diff([]any{"customer"}, registration["roles"]) != "" {
		t.Errorf("PATCH = %d %s, want the registration", got.status, got.text)
	}
}

// TestUserAPI_roles: a change shows in the next token, not in those already out.
func TestUserAPI_roles(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	k := s.login(t, customer, nil)
	for _, tt := range []struct {
		name, method, roles string
		want                []any
	}{
		{"replaced", http.MethodPut, `["branch-manager","admin","admin"]`, []any{"admin", "branch-manager"}},
		{"not named in a PATCH", http.MethodPatch, "", []any{"admin", "branch-manager"}},
		{"changed by a PATCH", http.MethodPatch, `["customer"]`, []any{"customer"}},
		{"not named in a PUT", http.MethodPut, "", []any{}},
	} {
		got := s.call(t, tt.method, "/api/user/registration/"+strings.ToUpper(customerID), apiKey, roleBody(tt.roles))
		if got.status != http.StatusOK {
			t.Fatalf("%s = %d %s", tt.name, got.status, got.text)
		}
		refreshed := s.refresh(t, k.RefreshToken, nil).tokens(t)
		if diff := cmp.Diff(tt.want, part(t, refreshed.AccessToken, 1)["roles"]); diff != "" {
			t.Errorf("%s: roles of the next token (-want +got):\n%s", tt.name, diff)
		}
		shown, _ := got.json(t)["registration"].(map[string]any)
		if diff := cmp.Diff(tt.want, shown["roles"]); diff != "" {
			t.Errorf("%s: roles of the answer (-want +got):\n%s", tt.name, diff)
		}
	}
	if roles := part(t, s.login(t, admin, nil).AccessToken, 1)["roles"]; cmp.Diff([]any{"admin"}, roles) != "" {
		t.Errorf("roles of another user = %v", roles)
	}
}

func TestUserAPI_deactivation(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	k := s.login(t, customer, nil)
	for range 2 { // the second changes nothing
		if got := s.call(t, http.MethodDelete, "/api/user/"+customerID, apiKey, ""); got.status != http.StatusOK || got.text != "" {
			t.Fatalf("DELETE = %d %q, want 200 without a body", got.status, got.text)
		}
	}
	oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	login := func() int {
		return s.call(t, http.MethodPost, "/api/login", apiKey, loginBody(customer, password(customer), clientID)).status
	}
	if got := login(); got != http.StatusLocked {
		t.Errorf("login = %d, want 423", got)
	}
	got := s.call(t, http.MethodPut, "/api/user/"+customerID+"?reactivate=true", apiKey, "")
	if user, _ := got.json(t)["user"].(map[string]any); got.status != http.StatusOK || user["active"] != true {
		t.Errorf("reactivation = %d %s, want the user, active", got.status, got.text)
	}
	if got := login(); got != http.StatusOK {
		t.Errorf("login after the reactivation = %d", got)
	}
}

// TestUserAPI_deletion: the user is nobody any more, at every endpoint.
func TestUserAPI_deletion(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	browser := newBrowser()
	code := s.signIn(t, browser, customer, nil).Get("code")
	k := s.login(t, customer, nil)
	if got := s.call(t, http.MethodDelete, "/api/user/"+customerID+"?hardDelete=true", apiKey, ""); got.status != http.StatusOK {
		t.Fatalf("DELETE = %d %s", got.status, got.text)
	}
	oauthFault(t, s.exchange(t, code, nil), 400, "invalid_grant", "auth_code_not_found")
	oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	oauthFault(t, s.userinfo(t, http.MethodGet, "Bearer "+k.AccessToken), http.StatusUnauthorized, "invalid_token", "access_token_invalid")
	if got := redirected(t, s.get(t, browser, authorizePath(params{"prompt": "none"}))); got.Get("error") != "login_required" {
		t.Errorf("silent sign-in = %v, want login_required", got)
	}
	for name, got := range map[string]answer{
		"login":           s.call(t, http.MethodPost, "/api/login", apiKey, loginBody(customer, password(customer), clientID)),
		"second deletion": s.call(t, http.MethodDelete, "/api/user/"+customerID+"?hardDelete=true", apiKey, ""),
		"reactivation":    s.call(t, http.MethodPut, "/api/user/"+customerID+"?reactivate=true", apiKey, ""),
	} {
		if got.status != http.StatusNotFound {
			t.Errorf("%s = %d, want 404", name, got.status)
		}
	}
}

func TestUserAPI_endOfARegistration(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	k := s.login(t, customer, nil)
	if got := s.call(t, http.MethodDelete, "/api/user/registration/"+customerID+"/"+clientID, apiKey, ""); got.status != http.StatusOK {
		t.Fatalf("DELETE = %d %s", got.status, got.text)
	}
	claims := part(t, s.refresh(t, k.RefreshToken, nil).tokens(t).AccessToken, 1)
	for _, name := range []string{"roles", "applicationId"} {
		if value, ok := claims[name]; ok {
			t.Errorf("the next token has %s %v", name, value)
		}
	}
	if got := s.call(t, http.MethodPost, "/api/login", apiKey, loginBody(customer, password(customer), clientID)); got.status != http.StatusAccepted {
		t.Errorf("login = %d, want 202 for one who is not registered", got.status)
	}
}
