package login_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
)

func newAnonymous(t testing.TB, change ...func(*login.AnonymousConfig)) (*login.Anonymous, *identity, *sessiontest.Clock) {
	t.Helper()
	clock := sessiontest.NewClock()
	id := newIdentity(t, clock.Now)
	cfg := login.AnonymousConfig{
		FusionAuthURL: mustParse(t, id.URL), APIKey: config.Fixed(apiKey), LoginID: "anonymous@example.com", Password: config.Fixed("password"),
		ClientID: clientID, Verifier: id.verifier(t), Log: slog.New(slog.DiscardHandler), Now: clock.Now,
	}
	for _, f := range change {
		f(&cfg)
	}
	a, err := login.NewAnonymous(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a, id, clock
}

func mustToken(t testing.TB, a *login.Anonymous) string {
	t.Helper()
	token, err := a.Token(t.Context(), false)
	if err != nil {
		t.Fatalf("Token = %v", err)
	}
	return token
}

// awaitLogins asks for tokens until there was a login in the background.
func awaitLogins(t testing.TB, a *login.Anonymous, id *identity, want int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); id.logins.Load() < want; time.Sleep(time.Millisecond) {
		_ = mustToken(t, a)
		if time.Now().After(deadline) {
			t.Fatalf("%d sign-ins, want %d", id.logins.Load(), want)
		}
	}
}

func TestAnonymous_signsInOnceForAll(t *testing.T) {
	t.Parallel()
	a, id, clock := newAnonymous(t)
	if id.logins.Load() != 0 {
		t.Error("somebody signs in before the first request")
	}
	tokens := make([]string, 100)
	var all sync.WaitGroup
	for n := range tokens {
		all.Go(func() { tokens[n], _ = a.Token(t.Context(), false) })
	}
	all.Wait()
	for _, token := range tokens {
		if token == "" || token != tokens[0] {
			t.Fatalf("token %.20q, want the one that all share", token)
		}
	}
	p, err := id.verifier(t).Verify(t.Context(), tokens[0], auth.Target{})
	if err != nil || !p.Has(auth.Anonymous) || len(p.Roles) != 1 || id.logins.Load() != 1 {
		t.Errorf("%+v, %v after %d sign-ins", p, err, id.logins.Load())
	}
	clock.Advance(8*time.Minute + 59*time.Second)
	if mustToken(t, a) != tokens[0] || id.logins.Load() != 1 {
		t.Errorf("a minute before its end another token, or %d sign-ins", id.logins.Load())
	}
}

// Nobody waits for the next token while the one at hand is good, and one request fetches it.
func TestAnonymous_renewsAheadOfTheEnd(t *testing.T) {
	t.Parallel()
	a, id, clock := newAnonymous(t)
	first := mustToken(t, a)
	gate := make(chan struct{})
	id.tell(lie{answer: func(http.ResponseWriter, map[string]any) bool { <-gate; return false }})
	clock.Advance(9 * time.Minute)
	for range 100 {
		if mustToken(t, a) != first {
			t.Fatal("another token before it is there")
		}
	}
	awaitLogins(t, a, id, 2)
	close(gate)
	for mustToken(t, a) == first {
		time.Sleep(time.Millisecond)
	}
	if id.logins.Load() != 2 {
		t.Errorf("%d sign-ins, want 2", id.logins.Load())
	}
}

// A service has refused the token, which happens when FusionAuth has changed its key: another one is tried, and not for each
// request anew.
func TestAnonymous_refusedToken(t *testing.T) {
	t.Parallel()
	a, id, clock := newAnonymous(t)
	first := mustToken(t, a)
	if again, err := a.Token(t.Context(), true); err != nil || again != first || id.logins.Load() != 1 {
		t.Errorf("a new token was refused: %v after %d sign-ins, want the same one", err, id.logins.Load())
	}
	clock.Advance(time.Minute)
	for range 5 {
		next, err := a.Token(t.Context(), true)
		if err != nil || next == first || id.logins.Load() != 2 {
			t.Errorf("an old token was refused: %v after %d sign-ins, want one other", err, id.logins.Load())
		}
	}
}

// While FusionAuth is away the token at hand serves until it expires; then there is none.
func TestAnonymous_whileFusionAuthIsAway(t *testing.T) {
	t.Parallel()
	a, id, clock := newAnonymous(t)
	first := mustToken(t, a)
	id.tell(lie{answer: func(w http.ResponseWriter, _ map[string]any) bool { w.WriteHeader(http.StatusBadGateway); return true }})
	clock.Advance(9*time.Minute + 30*time.Second)
	for range 5 {
		if mustToken(t, a) != first {
			t.Fatal("another token")
		}
	}
	awaitLogins(t, a, id, 2)
	clock.Advance(29 * time.Second)
	if mustToken(t, a) != first {
		t.Fatal("another token")
	}
	awaitLogins(t, a, id, 3)
	clock.Advance(time.Second)
	for range 5 {
		if token, err := a.Token(t.Context(), false); err == nil {
			t.Fatalf("Token = %.20q after its end, want an error", token)
		}
	}
	if got := id.logins.Load(); got > 4 {
		t.Errorf("%d sign-ins, want no more than one in a second", got)
	}
	id.tell(lie{})
	clock.Advance(time.Second)
	if mustToken(t, a) == first {
		t.Error("the old token, want a new one")
	}
}

func TestAnonymous_refusesWhatIsNotTheServiceUser(t *testing.T) {
	t.Parallel()
	status := func(status int) func(http.ResponseWriter, map[string]any) bool {
		return func(w http.ResponseWriter, body map[string]any) bool { writeJSON(w, status, body); return true }
	}
	for name, tt := range map[string]struct {
		lie  lie
		want string // in the log
	}{
		"an admin":                 {lie{access: map[string]any{"roles": []string{"admin"}}}, "roles [admin]"},
		"an admin beside":          {lie{access: map[string]any{"roles": []string{"anonymous", "admin"}}}, "anonymous alone"},
		"nobody":                   {lie{access: map[string]any{"roles": []string{}}}, "anonymous alone"},
		"a user of another issuer": {lie{access: map[string]any{"iss": "https://evil.example"}}, "bad_issuer"},
		"an expired token":         {lie{access: map[string]any{"exp": 1}}, "expired"},
		"no token":                 {lie{answer: func(_ http.ResponseWriter, body map[string]any) bool { delete(body, "token"); return false }}, "gave no token"},
		"no JSON":                  {lie{answer: func(w http.ResponseWriter, _ map[string]any) bool { _, _ = w.Write([]byte("<html>")); return true }}, "gave no token"},
		"a huge answer":            {lie{answer: func(w http.ResponseWriter, _ map[string]any) bool { _, _ = w.Write(make([]byte, 2<<20)); return true }}, "gave no token"},
		"a user of no application": {lie{answer: status(http.StatusAccepted)}, "202 (the user is not registered"},
		"a key for other things":   {lie{answer: status(http.StatusUnauthorized)}, "401 (FUSIONAUTH_API_KEY"},
		"a wrong password":         {lie{answer: status(http.StatusNotFound)}, "404 (ANONYMOUS_LOGIN_ID"},
		"a redirect to another login": {lie{answer: func(w http.ResponseWriter, body map[string]any) bool {
			w.Header().Set("Location", "/api/login")
			return status(http.StatusTemporaryRedirect)(w, body)
		}}, "307"},
	} {
		var log strings.Builder
		a, id, _ := newAnonymous(t, func(cfg *login.AnonymousConfig) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		id.tell(tt.lie)
		token, err := a.Token(t.Context(), false)
		if _, refusal := errors.AsType[auth.Refusal](err); err == nil || refusal || id.logins.Load() != 1 {
			t.Errorf("%s: Token = %.20q, %v after %d sign-ins, want an error that is no refusal of the client's token", name, token, err, id.logins.Load())
		}
		if text := log.String(); !strings.Contains(text, tt.want) || strings.Contains(text, apiKey) || strings.Contains(text, "=password") || strings.Contains(text, "eyJ") {
			t.Errorf("%s: log %s, want %q in it and no secret", name, text, tt.want)
		}
	}
}

// Both secrets are read again when their files change, as a secrets manager does it.
func TestAnonymous_secretsRotate(t *testing.T) {
	t.Parallel()
	key, password := newSecretFile(t, "the key before"), newSecretFile(t, "the password before")
	a, id, clock := newAnonymous(t, func(cfg *login.AnonymousConfig) {
		cfg.APIKey, cfg.Password, cfg.Log = key.setting(t, 1), password.setting(t, 1), key.logger()
	})
	use := func() { clock.Advance(time.Second); _, _ = a.Token(t.Context(), false) }
	if _, err := a.Token(t.Context(), false); err == nil {
		t.Fatal("a wrong key and password are taken")
	}
	key.change(t, apiKey, use)
	password.write(t, "password")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		clock.Advance(time.Second)
		if token, err := a.Token(t.Context(), false); err == nil && token != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the changed secrets are not taken up")
		}
	}
	if id.logins.Load() < 2 {
		t.Errorf("%d sign-ins", id.logins.Load())
	}
}

func TestNewAnonymous_refuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*login.AnonymousConfig){
		"FusionAuthURL": func(c *login.AnonymousConfig) { c.FusionAuthURL = nil },
		"Verifier":      func(c *login.AnonymousConfig) { c.Verifier = nil },
		"Log":           func(c *login.AnonymousConfig) { c.Log = nil },
		"LoginID":       func(c *login.AnonymousConfig) { c.LoginID = "" },
		"ClientID":      func(c *login.AnonymousConfig) { c.ClientID = "" },
		"APIKey":        func(c *login.AnonymousConfig) { c.APIKey = config.Rotating{} },
		"Password":      func(c *login.AnonymousConfig) { c.Password = config.Rotating{} },
	} {
		cfg := login.AnonymousConfig{
			FusionAuthURL: mustParse(t, "http://localhost:9011"), APIKey: config.Fixed(apiKey), LoginID: "anonymous@example.com",
			Password: config.Fixed("password"), ClientID: clientID, Verifier: authtest.New(t, "HS256").Verifier(t, "x"), Log: slog.New(slog.DiscardHandler),
		}
		change(&cfg)
		if _, err := login.NewAnonymous(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("NewAnonymous without %s = %v", name, err)
		}
	}
}
