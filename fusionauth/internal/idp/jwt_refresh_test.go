package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRevoke(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	for _, tt := range []struct {
		name  string
		query func(tokens) string
		body  func(tokens) string
	}{
		{"by value", func(k tokens) string { return "?token=" + url.QueryEscape(k.RefreshToken) }, nil},
		{"by value in the body", nil, func(k tokens) string { return "token=" + url.QueryEscape(k.RefreshToken) }},
		{"by id", func(k tokens) string { return "/" + k.RefreshTokenID }, nil},
		{"by id in capitals", func(k tokens) string { return "/" + strings.ToUpper(k.RefreshTokenID) }, nil},
		{"of the user", func(tokens) string { return "?userId=" + adminID }, nil},
		{"of the application", func(tokens) string { return "?applicationId=" + clientID }, nil},
		{"of both", func(tokens) string { return "?applicationId=" + clientID + "&userId=" + adminID }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := s.login(t, admin, nil)
			path, body := "/api/jwt/refresh", ""
			if tt.query != nil {
				path += tt.query(k)
			}
			if tt.body != nil {
				body = tt.body(k)
			}
			r := newRequest(t, http.MethodDelete, s.url+path, body, "Authorization", loginAPIKey, "Content-Type", "application/x-www-form-urlencoded")
			if got := send(t, newBrowser(), r); got.status != http.StatusOK || got.text != "" {
				t.Fatalf("DELETE %s = %d %q, want 200 without a body", path, got.status, got.text)
			}
			oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
			if got := s.call(t, http.MethodGet, "/api/jwt/refresh/"+k.RefreshTokenID, loginAPIKey, ""); got.status != http.StatusNotFound {
				t.Errorf("GET of the revoked token = %d, want 404", got.status)
			}
		})
	}
}

func TestRevoke_leavesOthersAlone(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	mine, second, theirs := s.login(t, admin, nil), s.login(t, admin, nil), s.login(t, customer, nil)
	s.call(t, http.MethodDelete, "/api/jwt/refresh/"+mine.RefreshTokenID, loginAPIKey, "")
	if got := s.refresh(t, second.RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("another token of the user after one was revoked = %d", got.status)
	}
	s.call(t, http.MethodDelete, "/api/jwt/refresh?userId="+adminID, loginAPIKey, "")
	s.call(t, http.MethodDelete, "/api/jwt/refresh?applicationId="+otherID, loginAPIKey, "")
	if got := s.refresh(t, theirs.RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("another user's token after a revocation = %d", got.status)
	}
}

func TestRevoke_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct {
		path   string
		status int
	}{
		{"/api/jwt/refresh", 400},
		{"/api/jwt/refresh?token=unknown", 404},
		{"/api/jwt/refresh/11111111-1111-4111-8111-111111111111", 404},
		{"/api/jwt/refresh?token=a&token=b", 400},
		{"/api/jwt/refresh?token=%zz", 400},
	} {
		r := newRequest(t, http.MethodDelete, s.url+tt.path, "", "Authorization", loginAPIKey)
		if got := send(t, newBrowser(), r); got.status != tt.status {
			t.Errorf("DELETE %s = %d %s, want %d", tt.path, got.status, got.text, tt.status)
		}
	}
}

func TestRefreshTokens_shown(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	k := s.login(t, customer, params{"scope": "openid offline_access"})
	shown := s.call(t, http.MethodGet, "/api/jwt/refresh/"+k.RefreshTokenID, loginAPIKey, "")
	token, _ := shown.json(t)["refreshToken"].(map[string]any)
	want := map[string]any{
		"applicationId": clientID, "id": k.RefreshTokenID, "tenantId": tenantID, "userId": customerID,
		"metaData": map[string]any{"scopes": []any{"openid", "offline_access"}},
	}
	for _, name := range []string{"insertInstant", "startInstant"} {
		if ms, _ := token[name].(float64); ms < 1.7e12 {
			t.Errorf("%s = %v, want milliseconds", name, token[name])
		}
		delete(token, name)
	}
	if diff := cmp.Diff(want, token); diff != "" {
		t.Errorf("refresh token (-want +got):\n%s", diff)
	}
	list, _ := s.call(t, http.MethodGet, "/api/jwt/refresh?userId="+customerID, loginAPIKey, "").json(t)["refreshTokens"].([]any)
	if len(list) != 1 {
		t.Errorf("tokens of the customer = %v, want the one", list)
	}
	if strings.Contains(shown.text, k.RefreshToken) {
		t.Error("the value of the token is shown")
	}
	if got := s.call(t, http.MethodGet, "/api/jwt/refresh", loginAPIKey, ""); got.status != http.StatusBadRequest {
		t.Errorf("list without a user = %d, want 400", got.status)
	}
}

func TestRefreshJWT(t *testing.T) {
	t.Parallel()
	s := start(t)
	login := s.call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(admin, password(admin), clientID)).json(t)
	value, id := login["refreshToken"].(string), login["refreshTokenId"].(string)

	got := s.call(t, http.MethodPost, "/api/jwt/refresh", "", `{"refreshToken":"`+value+`","token":"ignored","timeToLiveInSeconds":60}`)
	body := got.json(t)
	if got.status != http.StatusOK || body["refreshToken"] != value || body["refreshTokenId"] != id {
		t.Fatalf("refresh = %d %s, want the same refresh token", got.status, got.text)
	}
	claims := part(t, body["token"].(string), 1)
	if claims["authenticationType"] != "REFRESH_TOKEN" || claims["exp"].(float64)-claims["iat"].(float64) != 60 || cmp.Diff([]any{"admin"}, claims["roles"]) != "" {
		t.Errorf("claims = %v, want roles and 60 seconds", claims)
	}
	byCookie := newRequest(t, http.MethodPost, s.url+"/api/jwt/refresh", "", "Cookie", "refresh_token="+value)
	if got := send(t, newBrowser(), byCookie); got.status != http.StatusOK {
		t.Errorf("refresh by cookie = %d %s", got.status, got.text)
	}
	for name, body := range map[string]string{
		"unknown": `{"refreshToken":"x"}`, "none": `{}`, "no JSON": `x`,
		"longer": `{"refreshToken":"` + value + `","timeToLiveInSeconds":601}`, "negative": `{"refreshToken":"` + value + `","timeToLiveInSeconds":-1}`,
	} {
		if got := s.call(t, http.MethodPost, "/api/jwt/refresh", "", body); got.status != http.StatusBadRequest {
			t.Errorf("refresh with %s token = %d %s, want 400", name, got.status, got.text)
		}
	}
}

func TestRefreshJWT_whereNotAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) {
		d.body("/application/").in("application", "loginConfiguration")["allowTokenRefresh"] = false
	}})
	got := s.call(t, http.MethodPost, "/api/jwt/refresh", "", `{"refreshToken":"`+s.login(t, admin, nil).RefreshToken+`"}`)
	if got.status != http.StatusBadRequest {
		t.Errorf("refresh = %d, want 400", got.status)
	}
}

func TestLogoutAPI(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	one, two, other := s.login(t, admin, nil), s.login(t, admin, nil), s.login(t, customer, nil)
	gone := func(k tokens) bool { return s.refresh(t, k.RefreshToken, nil).status != http.StatusOK }

	got := s.call(t, http.MethodPost, "/api/logout", "", `{"refreshToken":"`+one.RefreshToken+`"}`)
	if got.status != http.StatusOK || !gone(one) || gone(two) || gone(other) {
		t.Errorf("logout = %d; gone: its own %v, another %v, another user's %v; want the first alone", got.status, gone(one), gone(two), gone(other))
	}
	for _, name := range []string{"access_token", "refresh_token"} {
		if cookie := cookieOf(got, name); !strings.Contains(cookie, "Max-Age=0") {
			t.Errorf("cookie %s = %q, want it cleared", name, cookie)
		}
	}
	if unknown := s.call(t, http.MethodPost, "/api/logout", "", `{"refreshToken":"`+one.RefreshToken+`"}`); unknown.status != got.status {
		t.Errorf("logout with an unknown token = %d, want the same answer", unknown.status)
	}
	if bad := s.call(t, http.MethodPost, "/api/logout", "", `x`); bad.status != http.StatusBadRequest {
		t.Errorf("logout with a body that is no JSON = %d, want 400", bad.status)
	}
	three := s.login(t, admin, nil)
	global := newRequest(t, http.MethodPost, s.url+"/api/logout", `{"global":true}`, "Content-Type", "application/json", "Cookie", "refresh_token="+two.RefreshToken)
	if got := send(t, newBrowser(), global); got.status != http.StatusOK || !gone(two) || !gone(three) || gone(other) {
		t.Errorf("global logout = %d; gone: its own %v, another %v, another user's %v; want all of the one user",
			got.status, gone(two), gone(three), gone(other))
	}
}
