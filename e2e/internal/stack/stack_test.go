package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/stack"
)

func TestStack_givesEachServiceOnlyWhatItNeeds(t *testing.T) {
	t.Parallel()
	cfg := fakeConfig(t, nil)
	cfg.Env = map[string]string{
		"PATH": "/somewhere", "HOME": "/home", "LOG_LEVEL": "warn", "AUTH_MODE": "hmac",
		"AWS_SECRET_ACCESS_KEY": "of somebody", "SESSION_STORE": "redis", "FUSIONAUTH_URL": "http://elsewhere", "STANDIN_ADMIN": "true",
	}
	cfg.Override[stack.Catalog]["GATEWAY_ISSUER"] = "shop"
	s := start(t, cfg)
	everyone := []string{"ADDR", "AUTH_MODE", "FAKE", "HOME", "JWT_SIGNING_KEY", "LOG_FORMAT", "LOG_LEVEL", "PATH"}
	service := slices.Concat(everyone, []string{"FUSIONAUTH_URL", "GATEWAY_URL"})
	want := map[string][]string{
		stack.Gateway: slices.Concat(service, []string{"CATALOG_URL", "INVENTORY_URL", "FUSIONAUTH_CLIENT_SECRET", "SESSION_SECRET"}),
		stack.Catalog: slices.Concat(service, []string{"DATABASE_URL", "GATEWAY_ISSUER", "SEED_DEMO"}), stack.Inventory: slices.Concat(service, []string{"DATABASE_URL", "SEED_DEMO"}),
		stack.Identity: slices.Concat(everyone, []string{
			"ACCESS_TOKEN_KEY_ID", "ADMIN_PASSWORD", "ANONYMOUS_PASSWORD", "CUSTOMER_PASSWORD", "FUSIONAUTH_API_KEY", "FUSIONAUTH_CLIENT_SECRET",
			"FUSIONAUTH_ISSUER", "KICKSTART_API_KEY", "GATEWAY_LOGOUT_URL", "GATEWAY_POST_LOGOUT_URL", "GATEWAY_REDIRECT_URL", "GATEWAY_WEBHOOK_URL", "MANAGER_PASSWORD",
			"REFRESH_TOKEN_USAGE_POLICY", "STANDIN_ADMIN",
		}),
	}
	for name, names := range want {
		env := environmentOf(t, s, name)
		slices.Sort(names)
		if diff := cmp.Diff(names, slices.Sorted(maps.Keys(env))); diff != "" {
			t.Errorf("environment of %s (-want +got):\n%s", name, diff)
		}
		if env["PATH"] != "/somewhere" || env["LOG_LEVEL"] != "warn" || env["LOG_FORMAT"] != "text" {
			t.Errorf("%s does not inherit what passes through: %v", name, env)
		}
	}
}

func TestStack_urlsFollowFromTheBase(t *testing.T) {
	t.Parallel()
	s := start(t, fakeConfig(t, nil))
	gateway, identity := s.URL(stack.Gateway), s.URL(stack.Identity)
	env := environmentOf(t, s, stack.Identity)
	for name, want := range map[string]string{
		"FUSIONAUTH_ISSUER": identity, "GATEWAY_REDIRECT_URL": gateway + "/oauth-redirect",
		"GATEWAY_LOGOUT_URL": gateway + "/logout/frontchannel", "GATEWAY_POST_LOGOUT_URL": gateway + "/",
	} {
		if env[name] != want {
			t.Errorf("%s = %q, want %q", name, env[name], want)
		}
	}
	env = environmentOf(t, s, stack.Gateway)
	for name, want := range map[string]string{
		"GATEWAY_URL": gateway, "FUSIONAUTH_URL": identity, "CATALOG_URL": s.URL(stack.Catalog), "INVENTORY_URL": s.URL(stack.Inventory),
	} {
		if env[name] != want {
			t.Errorf("%s = %q, want %q", name, env[name], want)
		}
	}
}

func TestStack_reportsTheProcessThatDied(t *testing.T) {
	t.Parallel()
	s := start(t, fakeConfig(t, nil))
	if res, err := http.Post(s.URL(stack.Catalog)+"/die", "", http.NoBody); err == nil { // it may die before it answers
		_ = res.Body.Close()
	}
	err := s.Wait(t.Context())
	if err == nil {
		t.Fatal("Wait gave no error for a service that died")
	}
	for _, want := range []string{"catalog died", "exit status 4", "something is wrong"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

// Who is killed on purpose has not died, and comes back where it was with what it had.
func TestStack_killAndRestart(t *testing.T) {
	t.Parallel()
	s := start(t, fakeConfig(t, nil))
	before, pid := environmentOf(t, s, stack.Catalog), s.PIDs()[stack.Catalog]
	if err := s.Kill(stack.Catalog); err != nil {
		t.Fatal(err)
	}
	if res, err := http.Get(s.URL(stack.Catalog)); err == nil {
		_ = res.Body.Close()
		t.Errorf("it answers %s after its death", res.Status)
	}
	if err := s.Restart(t.Context(), stack.Catalog); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, environmentOf(t, s, stack.Catalog)); diff != "" || s.PIDs()[stack.Catalog] == pid {
		t.Errorf("pid %d, before %d; settings (-before +after)\n%s", s.PIDs()[stack.Catalog], pid, diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Wait(ended); err != nil {
		t.Errorf("Wait() = %v, want nothing of a death that was wanted", err)
	}
	if err := s.Kill("orders"); err == nil || s.Restart(t.Context(), "orders") == nil {
		t.Error("a service that does not exist is killed and restarted")
	}
}

func TestStart_aServiceThatDiesLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	cfg := fakeConfig(t, map[string]string{stack.Inventory: "dies at start"})
	_, err := stack.Start(t.Context(), cfg)
	if err == nil {
		t.Fatal("Start gave no error")
	}
	if want := "inventory died (exit status 3)"; !strings.Contains(err.Error(), want) {
		t.Errorf("the error does not say %q:\n%v", want, err)
	}
	if !strings.Contains(err.Error(), "line 39") || !strings.Contains(err.Error(), "settings cannot be used") {
		t.Errorf("the error has not the last lines:\n%v", err)
	}
	if strings.Contains(err.Error(), "line 20\n") {
		t.Errorf("the error has more than the last lines:\n%v", err)
	}
	if err := stack.Vacant(cfg.Base); err != nil {
		t.Errorf("something still runs: %v", err)
	}
}

func TestStart_refusesAnIdentityServerOfAnotherName(t *testing.T) {
	t.Parallel()
	cfg := fakeConfig(t, nil)
	cfg.Override[stack.Identity]["FUSIONAUTH_ISSUER"] = "https://elsewhere.example"
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := stack.Start(ctx, cfg)
	if err == nil || !strings.Contains(err.Error(), `it calls itself "https://elsewhere.example"`) {
		t.Errorf("Start() = %v, want the issuer's name in it", err)
	}
}

func TestStart_aTakenPortStopsTheStart(t *testing.T) {
	t.Parallel()
	cfg := fakeConfig(t, nil)
	start(t, cfg)
	if _, err := stack.Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "(gateway) is taken") {
		t.Errorf("Start() = %v, want the taken ports", err)
	}
}

func TestStop_asksEveryServiceAndWaits(t *testing.T) {
	t.Parallel()
	var log buffer
	cfg := fakeConfig(t, nil)
	cfg.Log = &log
	s := start(t, cfg)
	if err := s.Stop(); err != nil {
		t.Fatalf("Stop() = %v", err)
	}
	if n := strings.Count(log.String(), "stopped by terminated"); n != 4 {
		t.Errorf("%d services were asked to stop, want 4:\n%s", n, log.String())
	}
	if err := stack.Vacant(cfg.Base); err != nil {
		t.Errorf("something still runs: %v", err)
	}
}

func TestStack_linesBearTheNameOfTheirService(t *testing.T) {
	t.Parallel()
	var log buffer
	cfg := fakeConfig(t, nil)
	cfg.Log = &log
	s := start(t, cfg)
	post(t, s.URL(stack.Gateway)+"/print?text="+url.QueryEscape("one\ntwo\nthe "))
	post(t, s.URL(stack.Catalog)+"/print?text="+url.QueryEscape(strings.Repeat("x", 70_000)+"\n"))
	post(t, s.URL(stack.Gateway)+"/print?text="+url.QueryEscape("end"))
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(log.String()) {
		if name, _, ok := strings.Cut(line, " │ "); !ok || len(name) != len("fusionauth") {
			t.Errorf("line without an aligned prefix: %.60q", line)
		}
	}
	for _, want := range []string{"gateway    │ one\n", "gateway    │ two\n", "gateway    │ the endstopped by terminated\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if n := strings.Count(log.String(), "x"); n != 70_000 {
		t.Errorf("a long line lost something: %d of 70000 bytes", n)
	}
}

func TestStack_coloursOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	for _, colour := range []bool{true, false} {
		var log buffer
		cfg := fakeConfig(t, nil)
		cfg.Log, cfg.Colour = &log, colour
		if err := start(t, cfg).Stop(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "\x1b["); got != colour {
			t.Errorf("Colour %v: coloured is %v", colour, got)
		}
	}
}

func TestRoutes_areWhatTheBinaryPrints(t *testing.T) {
	t.Parallel()
	s := start(t, fakeConfig(t, nil))
	got, err := s.Routes(t.Context(), stack.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /routes", "POST /other"}, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if _, err := s.Routes(t.Context(), "orders"); err == nil {
		t.Error("a service that does not exist has routes")
	}
}

func TestBanner_tellsANewcomerWhatToTry(t *testing.T) {
	t.Parallel()
	cfg := fakeConfig(t, nil)
	s := start(t, cfg)
	banner := s.Banner("/secrets")
	for _, want := range []string{
		s.URL(stack.Gateway) + "\n", "stand-in", "/secrets", "DEMO_PORT_BASE=",
		"admin@example.com", "manager@example.com", "customer@example.com", "branch-manager",
		cfg.Secrets["ADMIN_PASSWORD"], cfg.Secrets["MANAGER_PASSWORD"], cfg.Secrets["CUSTOMER_PASSWORD"],
	} {
		if !strings.Contains(banner, want) {
			t.Errorf("the banner lacks %q:\n%s", want, banner)
		}
	}
	if n := strings.Count(banner, "    curl "); n != 3 {
		t.Errorf("the banner has %d curl commands, want 3", n)
	}
	for _, secret := range []string{"JWT_SIGNING_KEY", "SESSION_SECRET", "FUSIONAUTH_CLIENT_SECRET", "KICKSTART_API_KEY", "ANONYMOUS_PASSWORD"} {
		if strings.Contains(banner, cfg.Secrets[secret]) {
			t.Errorf("the banner shows %s", secret)
		}
	}
}

func start(t testing.TB, cfg stack.Config) *stack.Stack {
	t.Helper()
	s, err := stack.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func environmentOf(t testing.TB, s *stack.Stack, name string) map[string]string {
	t.Helper()
	res, err := http.Get(s.URL(name) + "/environment")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var pairs []string
	if err := json.NewDecoder(res.Body).Decode(&pairs); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

func post(t testing.TB, target string) {
	t.Helper()
	res, err := http.Post(target, "", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

// buffer collects what several goroutines write.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
