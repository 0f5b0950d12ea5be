package keyring_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/keyring"
	"storefront/shared/auth"
)

// Which key signs is a function of names, times and the clock.
func TestRing_Key(t *testing.T) {
	t.Parallel()
	const ahead = keyring.PublishAhead
	for name, tt := range map[string]struct {
		ages map[string]time.Duration // by kid
		want string
	}{
		"one":                              {map[string]time.Duration{"a": time.Hour}, "a"},
		"one, just made":                   {map[string]time.Duration{"a": 0}, "a"},
		"one, from a clock that is ahead":  {map[string]time.Duration{"a": -time.Hour}, "a"},
		"a new one, not yet known to all":  {map[string]time.Duration{"a": time.Hour, "b": ahead - time.Second}, "a"},
		"a new one":                        {map[string]time.Duration{"a": time.Hour, "b": ahead}, "b"},
		"a new one with an earlier name":   {map[string]time.Duration{"b": time.Hour, "a": ahead}, "a"},
		"the newest of many":               {map[string]time.Duration{"a": 3 * time.Hour, "c": time.Hour, "b": 2 * time.Hour}, "c"},
		"the newest that is old enough":    {map[string]time.Duration{"a": 3 * time.Hour, "c": time.Hour, "b": time.Second}, "c"},
		"all new":                          {map[string]time.Duration{"b": 3 * time.Second, "a": time.Second, "c": 2 * time.Second}, "b"},
		"all of one second, as in a mount": {map[string]time.Duration{"b": 0, "a": 0, "c": 0}, "a"},
		"the same after a minute":          {map[string]time.Duration{"b": ahead, "a": ahead, "c": ahead}, "c"},
		"one second, by parts of it":       {map[string]time.Duration{"a": 10*time.Second + 100*time.Millisecond, "b": 10*time.Second + 900*time.Millisecond}, "a"},
		"one from a clock that is ahead":   {map[string]time.Duration{"a": time.Hour, "b": -time.Hour}, "a"},
	} {
		s := newSafe(t)
		for kid, age := range tt.ages {
			s.put(t, kid+".pem", newPEM(t), 0o600)
			since := noon.Add(time.Second - time.Nanosecond).Add(-age)
			if err := os.Chtimes(filepath.Join(s.dir, kid+".pem"), since, since); err != nil {
				t.Fatal(err)
			}
		}
		s.advance(time.Second - time.Nanosecond)
		for range 2 { // replicas
			if got := s.mustOpen(t).Key().Key.ID; got != tt.want {
				t.Errorf("%s: %s signs, want %s", name, got, tt.want)
			}
		}
	}
}

func TestRing_Serve(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		s.put(t, algorithm+".pem", pkcs8(t, generate(t, algorithm)), 0o600)
	}
	w := serve(s.mustOpen(t))
	for name, want := range map[string]string{"Content-Type": "application/jwk-set+json", "Cache-Control": "public, max-age=30"} {
		if got := w.Header().Get(name); got != want || w.Code != http.StatusOK {
			t.Errorf("%d, %s = %q, want 200, %q", w.Code, name, got, want)
		}
	}
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"dq"`, `"qi"`, `"k"`, `"oct"`} {
		if strings.Contains(w.Body.String(), private) {
			t.Errorf("the set has the member %s of a private key", private)
		}
	}
	if n := strings.Count(w.Body.String(), `"kid"`); n != 3 {
		t.Errorf("%d keys, want 3: %s", n, w.Body)
	}
}

// Files come and go while the gateway runs.
func TestRing_followsTheDirectory(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.put(t, "1.pem", newPEM(t), 0o600)
	r := s.mustOpen(t)
	has := func(kids ...string) func() bool {
		return func() bool { return slices.Equal(published(t, r), kids) }
	}
	s.advance(time.Hour)
	s.put(t, "2.pem", newPEM(t), 0o600)
	await(t, "the second key", has("1", "2"))
	if got := r.Key().Key.ID; got != "1" {
		t.Errorf("%s signs at once, want 1", got)
	}
	s.advance(keyring.PublishAhead)
	if got := r.Key().Key.ID; got != "2" {
		t.Errorf("%s signs after a minute, want 2", got)
	}

	s.put(t, "3.pem", "half a fi", 0o600)
	await(t, "the fault's log line", func() bool { _ = r.Key(); return strings.Contains(s.logged(), "file=3.pem") })
	if !has("1", "2")() || r.Key().Key.ID != "2" {
		t.Errorf("a bad file changes what is published (%v) or signs (%v)", published(t, r), r.Key())
	}
	s.remove(t, "1.pem")
	await(t, "the first key's end", has("2"))
	s.remove(t, "2.pem")
	await(t, "the log line about the last key", func() bool { _ = r.Key(); return strings.Contains(s.logged(), "old value stays") })
	if !has("2")() || r.Key().Key.ID != "2" {
		t.Errorf("the last good key is gone: %v", published(t, r))
	}
	s.put(t, "3.pem", newPEM(t), 0o600)
	await(t, "the third key", has("3"))
}

// The same name may be written over with another key.
func TestRing_fileIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.put(t, "1.pem", newPEM(t), 0o600)
	r := s.mustOpen(t)
	before := serve(r).Body.String()
	s.put(t, "1.pem", pkcs8(t, generate(t, "ES256")), 0o600)
	await(t, "the other key", func() bool { return serve(r).Body.String() != before })
}

// A rotation as the package comment tells it: two replicas sign, a service fetches from either of them while a stranger
// invents kids to keep it from fetching more, and no token that is still good is refused at any second of it.
func TestRing_rotationWithoutAnOutage(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.put(t, "old.pem", newPEM(t), 0o600)
	s.advance(24 * time.Hour)
	replicas := []*keyring.Ring{s.mustOpen(t), s.mustOpen(t)}
	service := newService(t, s, replicas)
	allPublish := func(kids ...string) func() bool {
		return func() bool {
			return slices.Equal(published(t, replicas[0]), kids) && slices.Equal(published(t, replicas[1]), kids)
		}
	}
	steps := map[int]func(){
		63:         func() { s.put(t, "new.pem", newPEM(t), 0o600); await(t, "the new key", allPublish("new", "old")) },
		63 + 12*60: func() { s.remove(t, "old.pem"); await(t, "the old key's end", allPublish("new")) },
	}
	var signers []string
	for second := range 20 * 60 {
		if step := steps[second]; step != nil {
			step()
		}
		kid := service.callAll(t, second)
		if !slices.Contains(signers, kid) {
			signers = append(signers, kid)
		}
		s.advance(time.Second)
	}
	if diff := cmp.Diff([]string{"old", "new"}, signers); diff != "" {
		t.Errorf("who signed, in order (-want +got):\n%s", diff)
	}
	t.Logf("%d tokens were checked, %d refused", service.checked, service.refused)
}

// service verifies tokens of the replicas, each of which signs one each second; some of them arrive late.
type service struct {
	signers  []*auth.Signer
	verifier *auth.Verifier
	late     []string
	checked  int
	refused  int
}

func forged(n int) string {
	h := fmt.Sprintf(`{"alg":"ES256","typ":"gateway+jwt","kid":"invented-%d"}`, n)
	return base64.RawURLEncoding.EncodeToString([]byte(h)) + ".e30.AAAA"
}

var target = auth.Target{Method: "GET", URI: "/products"}

func newService(t *testing.T, s *safe, replicas []*keyring.Ring) *service {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	turn := 0
	engine.GET("/.well-known/jwks.json", func(c *gin.Context) {
		turn++
		replicas[turn%len(replicas)].Serve(c)
	})
	host := httptest.NewServer(engine)
	t.Cleanup(host.Close)
	remote := auth.RemoteConfig{Now: s.now}
	keys := auth.RemoteKeys(auth.At(host.URL+"/.well-known/jwks.json"), remote)
	v, err := auth.NewVerifier(auth.Config{
		Users:   auth.UserIssuer{Issuer: "i", Audience: "a", ApplicationID: "a", Keys: auth.StaticKeys()},
		Gateway: auth.Issuer{Issuer: "localhost:3000", Audience: "catalog", Keys: keys},
		Now:     s.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	svc := &service{verifier: v}
	for _, r := range replicas {
		signer, err := auth.NewSigner(auth.SignerConfig{Key: r.Key, Issuer: "localhost:3000", Now: s.now})
		if err != nil {
			t.Fatal(err)
		}
		svc.signers = append(svc.signers, signer)
	}
	return svc
}

// callAll has each replica sign a token that arrives at once, and one that arrives when it is ten minutes old. It returns the
// kid that the replicas agree on.
func (s *service) callAll(t *testing.T, second int) (kid string) {
	t.Helper()
	const late = int(auth.GatewayTokenLife / time.Second)
	var kids []string
	for i, signer := range s.signers {
		token, err := signer.Sign("catalog", target)
		if err != nil {
			t.Fatal(err)
		}
		s.late = append(s.late, token)
		arrivals := []string{token}
		if second >= late {
			arrivals = append(arrivals, s.late[(second-late)*len(s.signers)+i])
		}
		for _, token := range arrivals {
			s.checked++
			if _, err := s.verifier.Verify(t.Context(), token, target); err != nil {
				s.refused++
				t.Errorf("second %d, replica %d: %v", second, i, err)
			}
		}
		kids = append(kids, header(t, token)["kid"])
	}
	if _, err := s.verifier.Verify(t.Context(), forged(second), target); err == nil {
		t.Error("an invented kid is taken")
	}
	if kids[0] != kids[1] {
		t.Errorf("second %d: the replicas sign with %v", second, kids)
	}
	return kids[0]
}
