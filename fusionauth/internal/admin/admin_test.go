package admin_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"storefront/fusionauth/internal/admin"
	"storefront/fusionauth/internal/idp"
	"storefront/fusionauth/internal/kickstart"
)

const (
	hmacKeyID  = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001"
	ecKeyID    = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1003"
	customerID = "00000000-0000-0000-0000-000000000002"
	customer   = "customer@example.com"
	clientID   = "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e"
	password   = "password-of-somebody"
	secret     = "0123456789abcdef0123456789abcdef"
	apiKey     = "an-api-key-of-the-test"
)

// setup is the shipped kickstart; making its RSA key anew for each server would take most of the time, so it is one of P-256 here.
var setup = sync.OnceValues(func() (kickstart.Setup, error) {
	data, err := os.ReadFile("../../kickstart/kickstart.json")
	if err != nil {
		return kickstart.Setup{}, err
	}
	text := strings.Replace(string(data), `"algorithm": "RS256",
          "length": 2048,`, `"algorithm": "ES256",`, 1)
	env := map[string]string{
		"KICKSTART_API_KEY": apiKey, "FUSIONAUTH_ISSUER": "http://id.test", "JWT_SIGNING_KEY": secret, "ACCESS_TOKEN_KEY_ID": hmacKeyID,
		"GATEWAY_REDIRECT_URL": "http://shop.test/cb", "GATEWAY_LOGOUT_URL": "http://shop.test/out", "GATEWAY_POST_LOGOUT_URL": "http://shop.test/",
		"GATEWAY_WEBHOOK_URL": "http://shop.test/webhook", "REFRESH_TOKEN_USAGE_POLICY": "Reusable",
	}
	files := fstest.MapFS{"kickstart.json": {Data: []byte(text)}}
	return kickstart.Parse(files, "kickstart.json", func(name string) (string, bool) {
		if value, ok := env[name]; ok {
			return value, true
		}
		return password, true // of users, and what nobody asks for here
	})
})

// place is one server with its admin side.
type place struct {
	url string
	log *logBuffer
}

// logBuffer keeps what the server logs.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func start(t *testing.T) place {
	t.Helper()
	setup, err := setup()
	if err != nil {
		t.Fatal(err)
	}
	text := &logBuffer{}
	log := slog.New(slog.NewJSONHandler(text, nil))
	h, err := idp.New(idp.Config{Setup: setup, Log: slog.New(slog.DiscardHandler), HashRounds: 10})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(admin.New(h, log, h.Routes()))
	t.Cleanup(server.Close)
	return place{server.URL, text}
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	text   string
}

func (p place) send(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

func (p place) post(t *testing.T, path, body string) answer {
	t.Helper()
	return p.send(t, http.MethodPost, "/admin/api/"+path, body, "Content-Type", "application/json")
}

// state is what the API tells.
type state struct {
	Issuer, Skew string
	Users        []struct {
		ID, Email string
		Active    bool
	}
	Sessions, RefreshTokens []struct{ ID, UserID string }
	Keys                    []struct{ ID, KID, Algorithm, State, Thumbprint string }
	Faults                  []struct {
		Route, Delay  string
		Status, Times int
		Garbage       bool
	}
	Routes []string
}

func (p place) state(t *testing.T) state {
	t.Helper()
	got := p.send(t, http.MethodGet, "/admin/api/state", "")
	var s state
	if err := json.Unmarshal([]byte(got.text), &s); err != nil || got.status != http.StatusOK {
		t.Fatalf("state = %d %s", got.status, got.text)
	}
	return s
}

// login signs the customer in by the Login API.
func (p place) login(t *testing.T) answer {
	t.Helper()
	body := `{"loginId":"` + customer + `","password":"` + password + `","applicationId":"` + clientID + `"}`
	return p.send(t, http.MethodPost, "/api/login", body, "Content-Type", "application/json", "Authorization", apiKey)
}

// TestGuard: a name that resolves to this machine, a proxy on it, and another site's page are kept out.
func TestGuard(t *testing.T) {
	t.Parallel()
	p := start(t)
	host := strings.TrimPrefix(p.url, "http://")
	_, port, _ := strings.Cut(host, ":")
	for _, tt := range []struct {
		name   string
		header []string
		status int
	}{
		{"at this machine", nil, http.StatusOK},
		{"by name", []string{"Host", "localhost:" + port}, http.StatusOK},
		{"by the other address", []string{"Host", "[::1]:" + port}, http.StatusOK},
		{"by the other address, without port", []string{"Host", "[::1]"}, http.StatusOK},
		{"no host", []string{"Host", ":" + port}, http.StatusNotFound},
		{"own page", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusOK},
		{"DNS rebinding", []string{"Host", "evil.test:" + port}, http.StatusNotFound},
		{"name that begins like this machine", []string{"Host", "localhost.evil.test"}, http.StatusNotFound},
		{"address that begins like this machine", []string{"Host", "127.0.0.1.evil.test"}, http.StatusNotFound},
		{"through a proxy", []string{"X-Forwarded-For", "127.0.0.1"}, http.StatusNotFound},
		{"through a proxy of the standard", []string{"Forwarded", "for=127.0.0.1"}, http.StatusNotFound},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"another port of this machine", []string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"another site's old browser", []string{"Origin", "http://evil.test"}, http.StatusForbidden},
		{"a frame without origin", []string{"Origin", "null"}, http.StatusForbidden},
	} {
		header := append([]string{"Content-Type", "application/json"}, tt.header...)
		if got := p.send(t, http.MethodPost, "/admin/api/clock", `{"skew":"0s"}`, header...); got.status != tt.status {
			t.Errorf("%s = %d %s, want %d", tt.name, got.status, got.text, tt.status)
		}
		if tt.status != http.StatusNotFound {
			continue
		}
		for _, path := range []string{"/admin", "/admin/api/state"} {
			if got := p.send(t, http.MethodGet, path, "", tt.header...); got.status != tt.status || strings.Contains(got.text, customer) {
				t.Errorf("%s: GET %s = %d %s", tt.name, path, got.status, got.text)
			}
		}
	}
}

// TestGuard_peers: the address of the peer decides, whatever it says of itself.
func TestGuard_peers(t *testing.T) {
	t.Parallel()
	setup, err := setup()
	if err != nil {
		t.Fatal(err)
	}
	h, err := idp.New(idp.Config{Setup: setup, Log: slog.New(slog.DiscardHandler), HashRounds: 10})
	if err != nil {
		t.Fatal(err)
	}
	handler := admin.New(h, slog.New(slog.DiscardHandler), h.Routes())
	for peer, want := range map[string]int{
		"127.0.0.1:4711": 200, "127.8.8.8:4711": 200, "[::1]:4711": 200, "[::ffff:127.0.0.1]:4711": 200,
		"192.0.2.1:4711": 404, "10.0.0.1:4711": 404, "[fe80::1]:4711": 404, "[::ffff:192.0.2.1]:4711": 404, "": 404, "@": 404,
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:9011/admin/api/state", http.NoBody)
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("peer %q = %d, want %d", peer, w.Code, want)
		}
	}
}

// TestState holds nothing that opens anything.
func TestState(t *testing.T) {
	t.Parallel()
	p := start(t)
	login := p.login(t)
	var tokens struct{ Token, RefreshToken, RefreshTokenID string }
	if err := json.Unmarshal([]byte(login.text), &tokens); err != nil || tokens.RefreshToken == "" {
		t.Fatalf("login = %d %s", login.status, login.text)
	}
	s := p.state(t)
	if len(s.RefreshTokens) != 1 || s.RefreshTokens[0].ID != tokens.RefreshTokenID || s.RefreshTokens[0].UserID != customerID {
		t.Errorf("refresh tokens = %+v, want the one by its id", s.RefreshTokens)
	}
	if len(s.Users) != 4 || s.Users[1].Email != customer || s.Issuer != "http://id.test" || s.Skew != "0s" || !slices.Contains(s.Routes, "/oauth2/token") {
		t.Errorf("state = %+v", s)
	}
	for _, k := range s.Keys {
		if (k.Thumbprint == "") != (k.Algorithm == "HS256") || k.KID == "" || k.State != "signing" {
			t.Errorf("key = %+v", k)
		}
	}
	for _, path := range []string{"/admin", "/admin/api/state"} {
		got := p.send(t, http.MethodGet, path, "")
		for name, opens := range map[string]string{
			"access token": tokens.Token, "refresh token": tokens.RefreshToken, "password": password, "HMAC key": secret, "API key": apiKey,
		} {
			if strings.Contains(got.text, opens) {
				t.Errorf("GET %s shows the %s", path, name)
			}
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: headers = %v", path, got.header)
		}
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.login(t)
	if got := p.post(t, "users/"+customerID+"/revoke", "{}"); got.status != 200 || strings.TrimSpace(got.text) != `{"refreshTokens":1,"sessions":0}` {
		t.Errorf("revoke = %d %s", got.status, got.text)
	}
	if s := p.state(t); len(s.RefreshTokens) != 0 {
		t.Errorf("refresh tokens after the revocation = %+v", s.RefreshTokens)
	}
	for action, want := range map[string]int{"deactivate": http.StatusLocked, "activate": http.StatusOK} {
		t.Run(action, func(t *testing.T) {
			p := start(t)
			p.post(t, "users/"+customerID+"/deactivate", "{}")
			if got := p.post(t, "users/"+customerID+"/"+action, "{}"); got.status != http.StatusOK {
				t.Fatalf("%s = %d %s", action, got.status, got.text)
			}
			if got := p.login(t); got.status != want || p.state(t).Users[1].Active != (want == http.StatusOK) {
				t.Errorf("login after %s = %d, want %d", action, got.status, want)
			}
		})
	}
}

// TestRoles: by the API and by the page's form, which sends what is checked; the next token says so.
func TestRoles(t *testing.T) {
	t.Parallel()
	p := start(t)
	roles := func() string {
		_, claims, _ := strings.Cut(p.login(t).text, `"token":"`)
		parts := strings.Split(claims, ".")
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		var token struct{ Roles []string }
		if err := json.Unmarshal(text, &token); err != nil {
			t.Fatal(err)
		}
		return strings.Join(token.Roles, " ")
	}
	got := p.post(t, "users/"+customerID+"/roles", `{"applicationId":"`+strings.ToUpper(clientID)+`","roles":["customer","admin"]}`)
	if got.status != http.StatusOK || roles() != "admin customer" {
		t.Errorf("roles after %d = %q, want both", got.status, roles())
	}
	page := p.send(t, http.MethodGet, "/admin", "").text
	for _, want := range []string{`value="admin" checked>`, `value="branch-manager">`, `action="/admin/api/users/` + customerID + `/roles"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	form := url.Values{"applicationId": {clientID}, "roles": {"branch-manager"}}
	got = p.send(t, http.MethodPost, "/admin/api/users/"+customerID+"/roles", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if got.status != http.StatusSeeOther || roles() != "branch-manager" {
		t.Errorf("roles after the form (%d) = %q", got.status, roles())
	}
}

// TestKeys goes through the life of a key: next, signing, retired, gone.
func TestKeys(t *testing.T) {
	t.Parallel()
	p := start(t)
	states := func() map[string]string {
		found := map[string]string{}
		for _, k := range p.state(t).Keys {
			if k.ID == ecKeyID {
				found[k.KID] = k.State
			}
		}
		return found
	}
	var first string
	for kid := range states() {
		first = kid
	}
	for _, step := range []struct {
		action, body string
		want         map[string]string
	}{
		{"next", `{"kid":"ec-2"}`, map[string]string{first: "signing", "ec-2": "next"}},
		{"rotate", `{}`, map[string]string{first: "retired", "ec-2": "signing"}},
		{"rotate", `{"kid":"ec-3"}`, map[string]string{first: "retired", "ec-2": "retired", "ec-3": "signing"}},
		{"remove", `{"kid":"` + first + `"}`, map[string]string{"ec-2": "retired", "ec-3": "signing"}},
	} {
		got := p.post(t, "keys/"+strings.ToUpper(ecKeyID)+"/"+step.action, step.body)
		if got.status != http.StatusOK || !strings.HasPrefix(got.text, `{"keys":[`) {
			t.Fatalf("%s %s = %d %s", step.action, step.body, got.status, got.text)
		}
		now := states()
		for kid, state := range step.want {
			if now[kid] != state || len(now) != len(step.want) {
				t.Errorf("after %s %s: %v, want %v", step.action, step.body, now, step.want)
			}
		}
	}
}

func TestKeys_ofHMAC(t *testing.T) {
	t.Parallel()
	p := start(t)
	got := p.post(t, "keys/"+hmacKeyID+"/rotate", `{"kid":"second","secret":"another secret of more than 32 bytes"}`)
	if got.status != http.StatusOK || strings.Contains(got.text, "another secret") || !strings.Contains(got.text, `"second"`) {
		t.Errorf("rotate = %d %s, want the keys without the secret", got.status, got.text)
	}
	if strings.Contains(p.log.String(), "another secret") || !strings.Contains(p.log.String(), `"action":"rotate"`) {
		t.Errorf("log = %s, want the action without the secret", p.log.String())
	}
}

func TestClockAndFaults(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.post(t, "clock", `{"skew":"90s"}`)
	p.post(t, "fault", `{"route":"/api/status","status":503,"garbage":true,"times":2,"delay":"1ms"}`)
	s := p.state(t)
	if s.Skew != (90 * time.Second).String() {
		t.Errorf("skew = %s", s.Skew)
	}
	if len(s.Faults) != 1 || s.Faults[0].Route != "/api/status" || s.Faults[0].Status != 503 || !s.Faults[0].Garbage || s.Faults[0].Times != 2 || s.Faults[0].Delay != "1ms" {
		t.Errorf("faults = %+v", s.Faults)
	}
	if got := p.send(t, http.MethodGet, "/api/status", ""); got.status != http.StatusServiceUnavailable || json.Valid([]byte(got.text)) {
		t.Errorf("broken route = %d %s", got.status, got.text)
	}
	p.post(t, "fault", `{"route":"/api/status"}`)
	if got := p.send(t, http.MethodGet, "/api/status", ""); got.status != http.StatusOK {
		t.Errorf("mended route = %d", got.status)
	}
}

func TestActions_refusals(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, tt := range []struct {
		name, path, body string
		status           int
	}{
		{"nobody", "users/x/revoke", `{}`, 404},
		{"lock of nobody", "users/x/deactivate", `{}`, 404},
		{"roles of nobody", "users/x/roles", `{}`, 404},
		{"roles without a registration", "users/" + customerID + "/roles", `{"applicationId":"x","roles":["admin"]}`, 404},
		{"unknown role", "users/" + customerID + "/roles", `{"applicationId":"` + clientID + `","roles":["boss"]}`, 400},
		{"unknown action", "users/" + customerID + "/delete", `{}`, 404},
		{"unknown key", "keys/x/rotate", `{}`, 404},
		{"unknown kid", "keys/" + ecKeyID + "/remove", `{"kid":"x"}`, 404},
		{"HMAC without secret", "keys/" + hmacKeyID + "/rotate", `{}`, 400},
		{"secret for a pair", "keys/" + ecKeyID + "/next", `{"secret":"` + secret + `"}`, 400},
		{"kid in use", "keys/" + ecKeyID + "/next", `{"kid":"gateway-hs256-1"}`, 409},
		{"removal of what signs", "keys/" + hmacKeyID + "/remove", `{"kid":"gateway-hs256-1"}`, 409},
		{"unknown route", "fault", `{"route":"/nowhere","status":500}`, 404},
		{"admin's own route", "fault", `{"route":"/admin","status":500}`, 404},
		{"status that is none", "fault", `{"route":"/api/status","status":1}`, 400},
		{"delay that is none", "fault", `{"route":"/api/status","delay":"long"}`, 400},
		{"unknown member", "clock", `{"skewed":"1s"}`, 400},
		{"no JSON", "clock", `x`, 400},
		{"two objects", "clock", `{}{}`, 400},
		{"too large", "clock", `{"kid":"` + strings.Repeat("x", 20<<10) + `"}`, 400},
	} {
		if got := p.post(t, tt.path, tt.body); got.status != tt.status {
			t.Errorf("%s = %d %s, want %d", tt.name, got.status, got.text, tt.status)
		}
	}
	if got := p.send(t, http.MethodPost, "/admin/api/clock", `{}`, "Content-Type", "text/plain"); got.status != http.StatusBadRequest {
		t.Errorf("a body that a form of another site can send = %d", got.status)
	}
	if got := p.send(t, http.MethodGet, "/admin/api/clock", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET of an action = %d, want 405", got.status)
	}
}

// TestPage goes the way of a person: see, press, see.
func TestPage(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.login(t)
	page := p.send(t, http.MethodGet, "/admin", "")
	for _, want := range []string{
		"Local stand-in for development, not FusionAuth.", customer, "Gateway ES256 signing key", `action="/admin/api/users/` + customerID + `/deactivate"`,
		`action="/admin/api/keys/` + ecKeyID + `/rotate"`, `<option>/oauth2/token</option>`,
	} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(page.text, "<script") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
	for path, form := range map[string]url.Values{
		"users/" + customerID + "/deactivate": {},
		"keys/" + hmacKeyID + "/rotate":       {"secret": {secret + "2"}},
		"clock":                               {"skew": {"1m"}},
		"fault":                               {"route": {"/oauth2/token"}, "delay": {""}, "status": {"500"}, "times": {""}, "garbage": {"on"}},
	} {
		got := p.send(t, http.MethodPost, "/admin/api/"+path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", p.url)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/admin" {
			t.Errorf("%s = %d %s, want the way back to the page", path, got.status, got.text)
		}
	}
	s := p.state(t)
	if s.Users[1].Active || s.Skew != "1m0s" || len(s.Faults) != 1 || len(s.Keys) != 7 {
		t.Errorf("state after the forms = %+v", s)
	}
	for name, form := range map[string]string{"bad number": "route=/api/status&status=x", "bad delay": "route=/api/status&delay=x", "bad form": "%"} {
		got := p.send(t, http.MethodPost, "/admin/api/fault", form, "Content-Type", "application/x-www-form-urlencoded")
		if got.status != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", name, got.status)
		}
	}
}
