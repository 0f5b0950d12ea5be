package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func loginBody(email, password, application string) string {
	body := `{"loginId":"` + email + `","password":"` + password + `"`
	if application != "" {
		body += `,"applicationId":"` + application + `"`
	}
	return body + `,"ipAddress":"192.0.2.1","metaData":{"device":{"name":"test"}}}`
}

func TestLoginAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	before := time.Now().Unix()
	got := s.call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(admin, password(admin), clientID))
	if got.status != http.StatusOK {
		t.Fatalf("login = %d %s", got.status, got.text)
	}
	body := got.json(t)
	claims := part(t, body["token"].(string), 1)
	checkTimes(t, claims, before, 600)
	delete(claims, "jti")
	want := map[string]any{
		"aud": clientID, "iss": s.url, "sub": adminID, "tid": tenantID, "authenticationType": "PASSWORD", "applicationId": clientID, "roles": []any{"admin"},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT", "kid": hmacKID}, part(t, body["token"].(string), 0)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	wantUser := map[string]any{
		"active": true, "email": admin, "firstName": "Admin", "fullName": "Admin Example", "id": adminID, "lastName": "Example",
		"tenantId": tenantID, "verified": true,
		"registrations": []any{
			map[string]any{"applicationId": "3c219e58-ed0e-4b18-ad48-f4f92793ae32", "roles": []any{"admin"}},
			map[string]any{"applicationId": clientID, "roles": []any{"admin"}},
		},
	}
	if diff := cmp.Diff(wantUser, body["user"]); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if until := body["tokenExpirationInstant"].(float64); until < float64(before+600)*1000 || until > float64(time.Now().Unix()+601)*1000 {
		t.Errorf("tokenExpirationInstant = %v, want milliseconds ten minutes from now", until)
	}
	for _, name := range []string{"access_token", "refresh_token"} {
		if cookie := cookieOf(got, name); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Errorf("cookie %s = %q, want HttpOnly and SameSite=Lax", name, cookie)
		}
	}
	if token := body["refreshToken"].(string); s.refresh(t, token, nil).status != http.StatusOK {
		t.Error("the refresh token of the Login API does not refresh")
	}
}

func cookieOf(a answer, name string) string {
	for _, cookie := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(cookie, name+"=") {
			return cookie
		}
	}
	return ""
}

func TestLoginAPI_statuses(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: document.unregister})
	for _, tt := range []struct {
		name, key, body string
		status          int
		empty           bool
	}{
		{"unrestricted key", apiKey, loginBody(admin, password(admin), clientID), 200, false},
		{"no application", loginAPIKey, loginBody(admin, password(admin), ""), 200, false},
		{"not registered", loginAPIKey, loginBody(customer, password(customer), clientID), 202, false},
		{"wrong password", loginAPIKey, loginBody(admin, "wrong", clientID), 404, true},
		{"unknown user", loginAPIKey, loginBody("nobody@example.com", "wrong", clientID), 404, true},
		{"no key", "", loginBody(admin, password(admin), clientID), 401, true},
		{"no key and no application", "", loginBody(admin, password(admin), ""), 401, true},
		{"wrong key", "wrong", loginBody(admin, password(admin), clientID), 401, true},
		{"key as Bearer", "Bearer " + apiKey, loginBody(admin, password(admin), clientID), 401, true},
		{"prefix of the key", apiKey[:8], loginBody(admin, password(admin), clientID), 401, true},
		{"no user", loginAPIKey, `{"password":"x"}`, 400, false},
		{"no password", loginAPIKey, `{"loginId":"x"}`, 400, false},
		{"unknown application", loginAPIKey, loginBody(admin, password(admin), tenantID), 400, false},
		{"no JSON", loginAPIKey, `loginId=x`, 400, false},
		{"wrong type", loginAPIKey, `{"loginId":{"$ne":""},"password":"x"}`, 400, false},
		{"too large", loginAPIKey, loginBody(admin, strings.Repeat("x", 64<<10), clientID), 413, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := s.call(t, http.MethodPost, "/api/login", tt.key, tt.body)
			if got.status != tt.status || (got.text == "") != tt.empty {
				t.Errorf("login = %d %q, want %d, empty %v", got.status, got.text, tt.status, tt.empty)
			}
		})
	}
}

func TestLoginAPI_fieldErrors(t *testing.T) {
	t.Parallel()
	got := start(t).call(t, http.MethodPost, "/api/login", loginAPIKey, `{"loginId":"x"}`).json(t)
	want := map[string]any{"fieldErrors": map[string]any{"password": []any{
		map[string]any{"code": "[missing]password", "message": "You must specify the password property."},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestLoginAPI_tokenOfAnUnregisteredUser(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: document.unregister})
	body := s.call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(customer, password(customer), clientID)).json(t)
	claims := part(t, body["token"].(string), 1)
	for _, name := range []string{"applicationId", "roles"} {
		if value, ok := claims[name]; ok {
			t.Errorf("%s = %v, want none", name, value)
		}
	}
	if _, ok := body["refreshToken"]; ok {
		t.Error("a refresh token is given to a user who is not registered")
	}
}

func TestLoginAPI_tokenWithoutApplication(t *testing.T) {
	t.Parallel()
	body := start(t).call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(admin, password(admin), "")).json(t)
	claims := part(t, body["token"].(string), 1)
	for _, name := range []string{"aud", "applicationId", "roles"} { // fusionauth-netcore-client#47
		if value, ok := claims[name]; ok {
			t.Errorf("%s = %v, want none", name, value)
		}
	}
	if claims["exp"].(float64)-claims["iat"].(float64) != 3600 {
		t.Errorf("lifetime = %v, want the tenant's hour", claims["exp"].(float64)-claims["iat"].(float64))
	}
}

func TestLoginAPI_noJWT(t *testing.T) {
	t.Parallel()
	body := strings.Replace(loginBody(admin, password(admin), clientID), "{", `{"noJWT":true,`, 1)
	got := start(t).call(t, http.MethodPost, "/api/login", loginAPIKey, body)
	for _, name := range []string{"token", "refreshToken", "tokenExpirationInstant"} {
		if value, ok := got.json(t)[name]; ok {
			t.Errorf("%s = %v, want none", name, value)
		}
	}
	if got.status != http.StatusOK || len(got.header.Values("Set-Cookie")) != 0 {
		t.Errorf("login = %d with cookies %v, want 200 without", got.status, got.header.Values("Set-Cookie"))
	}
}

func TestLoginAPI_withoutKeyWhereAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) {
		d.body("/application/").in("application", "loginConfiguration")["requireAuthentication"] = false
	}})
	if got := s.call(t, http.MethodPost, "/api/login", "", loginBody(admin, password(admin), clientID)); got.status != http.StatusOK {
		t.Errorf("without key = %d, want 200", got.status)
	}
	if got := s.call(t, http.MethodPost, "/api/login", "wrong", loginBody(admin, password(admin), clientID)); got.status != http.StatusUnauthorized {
		t.Errorf("with a wrong key = %d, want 401: what is sent is checked", got.status)
	}
}

// TestAPIKey_permissions: a restricted key opens its endpoints, with its methods, and nothing beside them.
func TestAPIKey_permissions(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) {
		d["apiKeys"] = append(d["apiKeys"].([]any),
			document{"key": "only-login-any-method", "permissions": document{"endpoints": document{"/api/login": []any{}}}},
			document{"key": "only-jwt-get", "permissions": document{"endpoints": document{"/api/jwt": []any{"GET"}}}},
			document{"key": "a-prefix-of-login", "permissions": document{"endpoints": document{"/api/log": []any{}}}},
			document{"key": "nothing-at-all", "permissions": document{"endpoints": document{}}},
		)
	}})
	list := "/api/jwt/refresh?userId=" + adminID
	for _, tt := range []struct {
		key, method, path string
		status            int
	}{
		{apiKey, "GET", list, 200},
		{loginAPIKey, "GET", list, 200},
		{loginAPIKey, "DELETE", list, 200},
		{"only-login-any-method", "POST", "/api/login", 400},
		{"only-login-any-method", "GET", list, 401},
		{"only-jwt-get", "GET", list, 200},
		{"only-jwt-get", "DELETE", list, 401},
		{"only-jwt-get", "POST", "/api/login", 401},
		{"a-prefix-of-login", "POST", "/api/login", 401},
		{"nothing-at-all", "GET", list, 401},
		{"", "GET", list, 401},
		{"wrong", "DELETE", list, 401},
	} {
		body := ""
		if tt.method == http.MethodPost {
			body = "{}"
		}
		if got := s.call(t, tt.method, tt.path, tt.key, body); got.status != tt.status {
			t.Errorf("%s %s with key %q = %d %s, want %d", tt.method, tt.path, tt.key, got.status, got.text, tt.status)
		}
	}
}
