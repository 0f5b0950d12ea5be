package main_test

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	e2e "storefront/e2e"
	"storefront/e2e/internal/attack"
	"storefront/e2e/internal/attack/weak"
	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// arenaOf starts a stack under control for one test.
func arenaOf(t testing.TB, cfg stack.Config) attack.Target {
	t.Helper()
	var log transcript
	cfg.Bin, cfg.Secrets, cfg.Log = use(t).bin(), use(t).secrets, &log
	a, target, err := e2e.OpenArena(t.Context(), use(t).root, t.TempDir(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return target
}

// attacked runs rows, or all, and gives what did not pass.
func attacked(t testing.TB, target attack.Target, ids ...string) matrix.Tally {
	t.Helper()
	tally, err := attack.Run(t.Context(), target, silent{}, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return tally
}

// holds wants every row passed but those that cannot be tried there.
func holds(t testing.TB, tally matrix.Tally, untried ...string) {
	t.Helper()
	for _, r := range tally {
		if r.State == matrix.Failed || r.State == matrix.NotTested && !slices.Contains(untried, r.Service) {
			t.Errorf("%s at %s: %s: %s", r.Service, r.Caller, r.Request, strings.Join(r.Why, "; "))
		}
	}
}

func TestAttacks_failWithoutASharedSecret(t *testing.T) {
	t.Parallel()
	target := arenaOf(t, stack.Config{Env: map[string]string{"AUTH_MODE": "jwks"}})
	holds(t, attacked(t, target), "G8")
}

// Every incident of the list that SECURITY.md counts has a row.
func TestAttacks_coverEveryIncident(t *testing.T) {
	t.Parallel()
	const incidents = 26
	covered := map[int]bool{}
	ids := map[string]bool{}
	for _, row := range attack.Rows() {
		for _, n := range row.Class {
			covered[n] = true
		}
		if ids[row.ID] || row.Name == "" || row.Sends == "" || row.Source == "" || row.Must == "" || len(row.Doors) == 0 {
			t.Errorf("row %s is there twice, or lacks something", row.ID)
		}
		ids[row.ID] = true
	}
	for n := 1; n <= incidents; n++ {
		if !covered[n] {
			t.Errorf("no row is about incident %d", n)
		}
	}
}

// weakShop is a stack whose gateway and services are reached through doors that can be made weak.
type weakShop struct {
	weak.Shop
	doors  map[string]*weak.Door
	target attack.Target
	own    jwtParts
}

// jwtParts is the header and the claims of an admin's own token.
type jwtParts struct{ claims jwt.MapClaims }

func newWeakShop(t testing.TB) *weakShop {
	t.Helper()
	s := &weakShop{doors: map[string]*weak.Door{}}
	for _, name := range []string{stack.Gateway, stack.Catalog, stack.Inventory} {
		door, err := weak.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = door.Close() })
		s.doors[name] = door
	}
	gateway := s.doors[stack.Gateway].URL()
	settings := map[string]string{"GATEWAY_URL": gateway}
	s.target = arenaOf(t, stack.Config{Override: map[string]map[string]string{
		stack.Gateway: settings, stack.Catalog: settings, stack.Inventory: settings,
		stack.Identity: {
			"GATEWAY_REDIRECT_URL": gateway + "/oauth-redirect", "GATEWAY_LOGOUT_URL": gateway + "/logout/frontchannel",
			"GATEWAY_POST_LOGOUT_URL": gateway + "/", "GATEWAY_WEBHOOK_URL": gateway + "/webhooks/fusionauth",
		},
	}})
	for name, door := range s.doors {
		door.Face(s.target.URLs[name])
		s.target.URLs[name] = door.URL()
	}
	s.target.GatewayIssuer = strings.TrimPrefix(gateway, "http://")
	s.know(t)
	return s
}

// know collects what a weak gateway knows.
func (s *weakShop) know(t testing.TB) {
	t.Helper()
	gateway := s.doors[stack.Gateway].URL()
	app := browser.App{Identity: s.target.Identity, ClientID: s.target.ClientID, Secret: s.target.ClientSecret, RedirectURL: gateway + "/oauth-redirect"}
	token, err := browser.New().AccessToken(t.Context(), app, use(t).person("admin"))
	if err != nil {
		t.Fatal(err)
	}
	s.own.claims = jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, s.own.claims); err != nil {
		t.Fatal(err)
	}
	s.Admin, s.Door = token, strings.TrimPrefix(gateway, "http://")
	catalog, inventory := s.target.Tap.(interface{ Addresses() (string, string) }).Addresses()
	s.Catalog, s.Inventory = strings.TrimPrefix(catalog, "http://"), strings.TrimPrefix(inventory, "http://")
	s.Sign = func(target string) string {
		now := time.Now()
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"iss": s.Door, "sub": "gateway", "aud": "catalog", "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "data": target, "htm": "GET",
		})
		token.Header["typ"], token.Header["kid"] = "gateway+jwt", "gateway-hs256-1"
		text, err := token.SignedString([]byte(s.target.SigningKey))
		if err != nil {
			t.Error(err)
		}
		return text
	}
}

// session gives a weak gateway a session that is alive.
func (s *weakShop) session(t testing.TB) string {
	t.Helper()
	b := browser.New()
	if err := b.SignIn(t.Context(), s.doors[stack.Gateway].URL(), use(t).person("manager")); err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(b.Cookies(s.doors[stack.Gateway].URL()), "fa.gw.sid=")
	id, _, _ = strings.Cut(id, ";")
	return id
}

// be makes every door weak.
func (s *weakShop) be(w *weak.Weakness) {
	for _, door := range s.doors {
		door.Be(w)
	}
}

// Each row is green against the real system, and red as soon as the one thing that it is about is done wrong.
func TestAttacks_eachCanSucceed(t *testing.T) {
	t.Parallel()
	s := newWeakShop(t)
	holds(t, attacked(t, s.target), "G8")
	s.Session = s.session(t)
	weaknesses := s.weaknesses(t)
	for _, row := range attack.Rows() {
		w, ok := weaknesses[row.ID]
		if !ok {
			t.Errorf("no weakness shows that row %s can fail", row.ID)
			continue
		}
		s.be(w)
		target := s.target
		if row.ID == "I2" { // a gateway that serves whatever its settings are
			target.Begin = func(context.Context, map[string]string) (string, error) { return "listening", attack.ErrServes }
		}
		for _, r := range attacked(t, target, row.ID) {
			if r.State != matrix.Failed {
				t.Errorf("%s at %s: %s: stays green: %v", r.Service, r.Caller, row.Name, r.Why)
			}
			if why := strings.Join(r.Why, "; "); strings.Contains(why, "sign in:") || strings.Contains(why, "no connection") {
				t.Errorf("%s at %s: red for another reason: %s", r.Service, r.Caller, why)
			}
		}
		s.be(nil)
	}
}

// The gateway's own limit counts clients by where they come from. No other row bears it: they sign in more often.
func TestAttacks_failAgainstALimit(t *testing.T) {
	t.Parallel()
	target := arenaOf(t, stack.Config{Override: map[string]map[string]string{stack.Gateway: {"RATE_LIMIT_LOGIN": "20/1m"}}})
	holds(t, attacked(t, target, "G8"))
}

// A limit that counts clients by what they say of themselves limits nobody.
func TestAttacks_seeALimitThatBelievesItsClients(t *testing.T) {
	t.Parallel()
	s := newWeakShop(t)
	s.be(weak.Limits(20, ""))
	holds(t, attacked(t, s.target, "G8"))
}

func TestAttackCommand_againstADeployment(t *testing.T) {
	t.Parallel()
	full := everything(t)
	reports := t.TempDir()
	tests := []struct {
		name string
		env  []string
		code int
		says []string
	}{
		{"all is known of it", append(slices.Clone(full), "JUNIT_FILE="+filepath.Join(reports, "a.xml"), "REPORT_FILE="+filepath.Join(reports, "a.md")), 0, []string{"✓ gateway", "✓ inventory", "NOT TESTED", "run it without BASE_URL"}},
		{"its address alone", full[:1], 0, []string{"✓ gateway", "CATALOG_URL is not set", "FUSIONAUTH_CLIENT_SECRET is not set"}},
		{"it is somebody else's", []string{"BASE_URL=https://shop.example"}, 1, []string{"ATTACK_ALLOWED=yes"}},
		{"a service of it is somebody else's", []string{full[0], "CATALOG_URL=https://shop.example"}, 1, []string{"ATTACK_ALLOWED=yes"}},
		{"the flag is misspelt", []string{"BASE_URL=https://shop.example", "ATTACK_ALLOWED=true"}, 1, []string{"ATTACK_ALLOWED"}},
		{"nobody is there", []string{"BASE_URL=http://127.0.0.1:1"}, 1, []string{"find the identity server"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, code := command(t, tt.env, "attack")
			if code != tt.code {
				t.Errorf("exit code = %d, want %d:\n%s", code, tt.code, out)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q", want)
				}
			}
			if tt.code == 0 && closing.FindString(out) == "" {
				t.Error("there is no closing line")
			}
		})
	}
	t.Cleanup(func() { // when all have ended
		for name, want := range map[string]string{"a.xml": `testsuite name="attack"`, "a.md": "# Attacks"} {
			text, err := os.ReadFile(filepath.Join(reports, name))
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("the report %s lacks %q: %v", name, want, err)
			}
		}
	})
}
