package login_test

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// identity is an identity server with real keys that can be told to lie. Its endpoints:
//
//	/.well-known/openid-configuration, /.well-known/jwks.json
//	/oauth2/authorize   signs the user in without a form and redirects with code, state and iss
//	/oauth2/token       authorization_code with PKCE, refresh_token
//	/oauth2/logout, /api/logout
type identity struct {
	*httptest.Server
	tokens *authtest.Issuer // access tokens, HS256 with the shared key
	ids    authtest.Key     // ID tokens, ES256
	clock  func() time.Time

	mu        sync.Mutex
	codes     map[string]grant
	lie       lie
	lifetime  time.Duration // of access tokens
	refreshes atomic.Int64
	logins    atomic.Int64
	revoked   []string
	revoking  func() // runs before a token is revoked
}

// grant is what a code stands for.
type grant struct{ challenge, nonce, subject string }

// lie changes what the identity server says; the zero value is the truth.
type lie struct {
	discovery func(doc map[string]any)
	callback  func(query url.Values)
	idHeader  authtest.Claims
	idClaims  authtest.Claims
	idToken   func(token string) string
	idKey     *authtest.Key
	access    authtest.Claims
	accessKey *authtest.Key
	answer    func(w http.ResponseWriter, body map[string]any) bool // true: it has answered
	jwks      string
	secret    string // of the client, once it was changed
	refresh   func(w http.ResponseWriter, body map[string]any) bool
}

const (
	clientID     = authtest.ClientID
	clientSecret = "client secret+with/odd=signs&enough"
	subject      = authtest.Subject
	apiKey       = "api-key-of-the-gateway"
)

func newIdentity(t testing.TB, clock func() time.Time) *identity {
	t.Helper()
	i := &identity{codes: map[string]grant{}, clock: clock, lifetime: 10 * time.Minute}
	i.tokens = authtest.New(t, "HS256")
	i.tokens.Now = clock
	i.ids = authtest.NewKey(t, "ES256", "id-key")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		switch text := i.told().jwks; text {
		case "":
		case "unavailable":
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		default:
			_, _ = w.Write([]byte(text))
			return
		}
		_, _ = w.Write([]byte(authtest.JWKS(t, i.ids.Key)))
	})
	mux.HandleFunc("GET /oauth2/authorize", i.authorize)
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, r *http.Request) { i.token(t, w, r) })
	mux.HandleFunc("POST /api/logout", i.logout)
	mux.HandleFunc("POST /api/login", func(w http.ResponseWriter, r *http.Request) { i.login(t, w, r) })
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *identity) told() lie {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.lie
}

func (i *identity) tell(l lie) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lie = l
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (i *identity) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/oauth2/authorize", "token_endpoint": i.URL + "/oauth2/token",
		"jwks_uri": i.URL + "/.well-known/jwks.json", "end_session_endpoint": i.URL + "/oauth2/logout",
		"id_token_signing_alg_values_supported":          []string{"ES256", "HS256"},
		"authorization_response_iss_parameter_supported": true,
	}
	if change := i.told().discovery; change != nil {
		change(doc)
	}
	writeJSON(w, http.StatusOK, doc)
}

func (i *identity) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := "code-" + q.Get("state")
	i.mu.Lock()
	i.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), subject}
	i.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {i.URL}, "userState": {"Authenticated"}, "locale": {"en"}}
	if change := i.told().callback; change != nil {
		change(back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *identity) token(t testing.TB, w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if id != clientID || secret != cmp.Or(i.told().secret, clientSecret) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	l := i.told()
	if r.PostFormValue("grant_type") == "refresh_token" {
		n := i.refreshes.Add(1)
		body := i.issue(t, l, grant{subject: subject})
		delete(body, "id_token")
		if !strings.HasPrefix(r.PostFormValue("refresh_token"), "refresh") {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_reason": "refresh_token_not_found"})
			return
		}
		body["refresh_token"] = "refresh-" + string(rune('a'+n))
		if l.refresh == nil || !l.refresh(w, body) {
			writeJSON(w, http.StatusOK, body)
		}
		return
	}
	i.mu.Lock()
	g, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_reason": "auth_code_not_found"})
		return
	}
	body := i.issue(t, l, g)
	if l.answer == nil || !l.answer(w, body) {
		writeJSON(w, http.StatusOK, body)
	}
}

func (i *identity) issue(t testing.TB, l lie, g grant) map[string]any {
	now := i.clock()
	access := i.tokens.UserClaims(authtest.Claims{
		"iss": i.URL, "sub": g.subject, "roles": []string{"customer"}, "exp": now.Add(i.lifetime).Unix(), "jti": rand.Text(),
	}, l.access)
	key := i.tokens.Users
	if l.accessKey != nil {
		key = *l.accessKey
	}
	accessToken := key.Token(t, i.tokens.UserHeader(authtest.Claims{"alg": key.Key.Algorithm}), access)
	half := sha256.Sum256([]byte(accessToken))
	claims := authtest.Claims{
		"iss": i.URL, "aud": clientID, "sub": g.subject, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "nonce": g.nonce,
		"at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "email": "customer@example.com", "given_name": "Customer", "family_name": "Example",
	}
	for name, v := range l.idClaims {
		if v == authtest.Absent {
			delete(claims, name)
			continue
		}
		claims[name] = v
	}
	idKey := i.ids
	if l.idKey != nil {
		idKey = *l.idKey
	}
	header := authtest.Claims{"alg": idKey.Key.Algorithm, "typ": "JWT", "kid": i.ids.Key.ID}
	maps.Copy(header, l.idHeader)
	idToken := idKey.Token(t, header, claims)
	if l.idToken != nil {
		idToken = l.idToken(idToken)
	}
	return map[string]any{
		"access_token": accessToken, "id_token": idToken, "refresh_token": "refresh", "token_type": "Bearer", "expires_in": int(i.lifetime.Seconds()),
	}
}

// login is FusionAuth's Login API.
func (i *identity) login(t testing.TB, w http.ResponseWriter, r *http.Request) {
	var body struct{ LoginID, Password, ApplicationID string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	i.logins.Add(1)
	if r.Header.Get("Authorization") != apiKey || body.LoginID != "anonymous@example.com" || body.Password != "password" || body.ApplicationID != clientID {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	l := i.told()
	answer := map[string]any{"token": i.tokens.Users.Token(t, i.tokens.UserHeader(), i.tokens.UserClaims(authtest.Claims{
		"iss": i.URL, "roles": []string{"anonymous"}, "exp": i.clock().Add(i.lifetime).Unix(), "jti": rand.Text(),
	}, l.access))}
	if l.answer == nil || !l.answer(w, answer) {
		writeJSON(w, http.StatusOK, answer)
	}
}

func (i *identity) logout(w http.ResponseWriter, r *http.Request) {
	var body struct {
		RefreshToken string `json:"refreshToken"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	if i.revoking != nil {
		i.revoking()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revoked = append(i.revoked, body.RefreshToken)
	w.WriteHeader(http.StatusOK)
}

// verifier is the gateway's, of this identity server's access tokens.
func (i *identity) verifier(t testing.TB) *auth.Verifier {
	t.Helper()
	cfg := i.tokens.UsersOnly()
	cfg.Users.Issuer = i.URL
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
