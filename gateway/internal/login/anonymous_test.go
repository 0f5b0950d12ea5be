package login_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"storefront/gateway/internal/login"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/auth"
)

func newAnonymous(t testing.TB) (*login.Anonymous, *identity, *sessiontest.Clock) {
	t.Helper()
	clock := sessiontest.NewClock()
	id := newIdentity(t, clock.Now)
	a, err := login.NewAnonymous(login.AnonymousConfig{
		FusionAuthURL: mustParse(t, id.URL), APIKey: apiKey, LoginID: "anonymous@example.com", Password: "password", ClientID: clientID,
		Verifier: id.verifier(t), Now: clock.Now,
	})
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

func TestAnonymous_signsInOnceForAll(t *testing.T) {
	t.Parallel()
	a, id, clock := newAnonymous(t)
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
	clock.Advance(9*time.Minute + 30*time.Second)
	if next := mustToken(t, a); next == tokens[0] || id.logins.Load() != 2 {
		t.Errorf("ahead of its end: the same token %v after %d sign-ins", next == tokens[0], id.logins.Load())
	}
	if next, err := a.Token(t.Context(), true); err != nil || next == tokens[0] {
		t.Errorf("a service refused it: %v", err)
	}
	if id.logins.Load() != 3 {
		t.Errorf("%d sign-ins, want one more", id.logins.Load())
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
		if got := mustToken(t, a); got != first {
			t.Fatal("another token")
		}
	}
	if got := id.logins.Load(); got != 2 {
		t.Errorf("%d sign-ins within a moment of an outage, want one more", got)
	}
	clock.Advance(time.Minute)
	for range 5 {
		if token, err := a.Token(t.Context(), false); err == nil {
			t.Fatalf("Token = %.20q after its end, want an error", token)
		}
	}
	if got := id.logins.Load(); got != 3 {
		t.Errorf("%d sign-ins, want no more than one in a moment", got)
	}
	id.tell(lie{})
	clock.Advance(time.Minute)
	if mustToken(t, a) == first {
		t.Error("the old token, want a new one")
	}
}

func TestAnonymous_refusesWhatIsNotTheServiceUser(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]lie{
		"an admin":                 {access: map[string]any{"roles": []string{"admin"}}},
		"an admin beside":          {access: map[string]any{"roles": []string{"anonymous", "admin"}}},
		"nobody":                   {access: map[string]any{"roles": []string{}}},
		"a user of another issuer": {access: map[string]any{"iss": "https://evil.example"}},
		"no token":                 {answer: func(_ http.ResponseWriter, body map[string]any) bool { delete(body, "token"); return false }},
		"no JSON":                  {answer: func(w http.ResponseWriter, _ map[string]any) bool { _, _ = w.Write([]byte("<html>")); return true }},
		"a user who is not signed in": {answer: func(w http.ResponseWriter, body map[string]any) bool {
			writeJSON(w, http.StatusAccepted, body)
			return true
		}},
	} {
		a, id, _ := newAnonymous(t)
		id.tell(l)
		if token, err := a.Token(t.Context(), false); err == nil {
			t.Errorf("%s: Token = %.20q, want an error", name, token)
		}
	}
	if _, err := login.NewAnonymous(login.AnonymousConfig{}); err == nil {
		t.Error("NewAnonymous of nothing = nil error")
	}
}
