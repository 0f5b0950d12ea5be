package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// traffic is what goes on while keys change: the whole role matrix over the balancer, again and again, and beside it anonymous visitors and
// API clients at each of the two gateways. (The matrix signs its users out everywhere, so the others have no sessions.)
type traffic struct {
	t        testing.TB
	table    matrix.Table
	target   matrix.Target
	cells    atomic.Int64 // of the matrix
	replicas []string
	bearer   map[string]string
	sent     atomic.Int64
	mu       sync.Mutex
	failures []string
}

// cell is one request of the loop and the status that it must have.
type cell struct {
	path, who string
	want      int
}

var cells = []cell{
	{"/products", "", 200}, {"/products/7", "", 200}, {"/products/999", "", 404},
	{"/branches/1/products", "", 401}, {"/branches/1/products", "customer", 403},
	{"/branches/1/products", "manager", 200}, {"/branches/2/products", "manager", 403}, {"/branches/2/products", "admin", 200}, {"/me", "admin", 200},
}

func newTraffic(t testing.TB, r *replicas) *traffic {
	t.Helper()
	secrets := use(t).secrets
	tr := &traffic{
		t: t, table: rolesTable(t), target: r.target(t), replicas: []string{r.URL(stack.Gateway), r.second},
		bearer: map[string]string{},
	}
	for name, who := range stack.People(secrets) {
		token, err := browser.New().AccessToken(t.Context(), stack.App(r.base, secrets), who)
		if err != nil {
			t.Fatal(err)
		}
		tr.bearer[name] = token
	}
	return tr
}

// flow sends the cells over and over until ctx ends.
func (tr *traffic) flow(ctx context.Context) {
	client := &http.Client{Timeout: 10 * time.Second}
	for ctx.Err() == nil {
		for _, c := range cells {
			for _, gateway := range tr.replicas {
				tr.ask(client, gateway, c)
			}
		}
	}
}

// flowMatrix runs the matrix over and over until ctx ends. What needs a key that changes is left out by the target.
func (tr *traffic) flowMatrix(ctx context.Context) {
	for ctx.Err() == nil {
		tally, err := matrix.Run(context.WithoutCancel(ctx), tr.table, tr.target, quiet{})
		if err != nil {
			tr.fail("the matrix: %v", err)
			return
		}
		for _, result := range tally {
			switch result.State {
			case matrix.Failed:
				tr.fail("%s %s as %s: %s", result.Service, result.Request, result.Caller, strings.Join(result.Why, "; "))
			case matrix.Passed:
				tr.cells.Add(1)
				tr.sent.Add(1)
			case matrix.NotTested:
			}
		}
	}
}

func (tr *traffic) fail(format string, args ...any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.failures) < 20 {
		tr.failures = append(tr.failures, fmt.Sprintf(format, args...))
	}
}

func (tr *traffic) ask(client *http.Client, gateway string, c cell) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, gateway+c.path, nil)
	if err != nil {
		tr.note(c, gateway, 0, err)
		return
	}
	if c.who != "" {
		req.Header.Set("Authorization", "Bearer "+tr.bearer[c.who])
	}
	res, err := client.Do(req)
	if err != nil {
		tr.note(c, gateway, 0, err)
		return
	}
	_ = res.Body.Close()
	tr.note(c, gateway, res.StatusCode, nil)
}

func (tr *traffic) note(c cell, how string, status int, err error) {
	tr.sent.Add(1)
	if err == nil && status == c.want {
		return
	}
	tr.fail("%s as %q by %s: %d, %v, want %d", c.path, c.who, how, status, err, c.want)
}

// during lets traffic flow while change happens, and for at least least requests in all.
func (tr *traffic) during(least int64, change func()) {
	tr.t.Helper()
	ctx, cancel := context.WithCancel(tr.t.Context())
	var flows sync.WaitGroup
	for range 2 {
		flows.Go(func() { tr.flow(ctx) })
	}
	flows.Go(func() { tr.flowMatrix(ctx) })
	change()
	await(tr.t, func() bool { return tr.sent.Load() >= least })
	cancel()
	flows.Wait()
	tr.t.Logf("%d requests while keys changed, %d of them cells of the matrix, %d failed", tr.sent.Load(), tr.cells.Load(), len(tr.failures))
	for _, f := range tr.failures {
		tr.t.Error(f)
	}
}

// more lets n more requests pass.
func (tr *traffic) more(n int64) {
	until := tr.sent.Load() + n
	await(tr.t, func() bool { return tr.sent.Load() >= until })
}

// await waits until done, and fails the test after a minute.
func await(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what was awaited did not happen within a minute")
		}
	}
}

func (l *transcript) count(text string) int { return strings.Count(l.String(), text) }

// Every key of jwks mode changes under traffic, and nobody notices: the gateway's and FusionAuth's.
func TestRotation_publishedKeys(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: thousands of requests")
	}
	c := use(t)
	keys := filepath.Join(t.TempDir(), "keys")
	if err := stack.OpenKeys(t.Context(), c.bin(), keys, "ES256"); err != nil {
		t.Fatal(err)
	}
	first := pems(t, keys)
	r := newReplicas(t, stack.Config{
		Keys: keys, Env: map[string]string{"AUTH_MODE": "jwks"}, Override: map[string]map[string]string{stack.Identity: {"STANDIN_ADMIN": "true"}},
	})
	tr := newTraffic(t, r)
	tr.target.SigningKey = "" // no key is shared
	tr.during(2000, func() {
		tr.more(200)
		if _, err := stack.RotateKeys(t.Context(), c.bin(), keys, "EdDSA"); err != nil {
			t.Fatal(err)
		}
		added := newest(t, keys)
		for _, gateway := range tr.replicas { // it is published first …
			await(t, func() bool {
				return slices.Contains(published(t, gateway), strings.TrimSuffix(filepath.Base(added), ".pem"))
			})
		}
		// … every service learns of it as its copy grows old …
		seen := time.Now()
		await(t, func() bool { return time.Since(seen) > keySetAge })
		// … and it signs a minute later
		old := time.Now().Add(-2 * time.Minute)
		if err := os.Chtimes(added, old, old); err != nil {
			t.Fatal(err)
		}
		tr.more(500)
		for _, path := range first { // whose last token has been used
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		tr.more(300)
		turnIdentityKey(t, r.URL(stack.Identity), "next")
		published := time.Now()
		await(t, func() bool { return time.Since(published) > keySetPause })
		turnIdentityKey(t, r.URL(stack.Identity), "rotate")
		tr.more(300)
		fresh, err := browser.New().AccessToken(t.Context(), stack.App(r.base, c.secrets), stack.People(c.secrets)["admin"])
		if err != nil {
			t.Fatal(err)
		}
		if kid(t, fresh) == kid(t, tr.bearer["admin"]) {
			t.Error("the identity server still signs with the old key")
		}
		tr.mustPass(fresh)
	})
}

// mustPass sends a token of the new key to each gateway.
func (tr *traffic) mustPass(token string) {
	tr.t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	for _, gateway := range tr.replicas {
		req, err := http.NewRequestWithContext(tr.t.Context(), http.MethodGet, gateway+"/branches/1/products", nil)
		if err != nil {
			tr.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			tr.t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			tr.t.Errorf("%s with a token of the new key: %d", gateway, res.StatusCode)
		}
	}
}

// kid is the key id in a token's header.
func kid(t testing.TB, token string) any {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header["kid"]
}

func pems(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// newest is the last by name, which begins with the time at which the key was made.
func newest(t testing.TB, dir string) string {
	t.Helper()
	return slices.Max(pems(t, dir))
}

// published are the kids of a gateway's key set.
func published(t testing.TB, gateway string) (kids []string) {
	t.Helper()
	page, err := browser.New().Get(t.Context(), gateway+"/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(page.Body, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// keySetPause is longer than a service rests between two fetches of a key set, whatever kids it is shown.
const keySetPause = 11 * time.Second

// keySetAge is longer than a service keeps a copy of the gateway's key set.
const keySetAge = 32 * time.Second

// turnIdentityKey publishes the stand-in's next RS256 key, or lets it sign.
func turnIdentityKey(t testing.TB, identity, action string) {
	t.Helper()
	target := identity + "/admin/api/keys/5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1002/" + action
	res, err := http.Post(target, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: %s", action, res.Status)
	}
}

// The shared key changes in three steps, each of which every service takes in its own time: old and new, new and old, new. A login that
// began under the old session secret ends under the new one.
func TestRotation_sharedSecrets(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: thousands of requests")
	}
	c := use(t)
	dir := t.TempDir()
	key, secret := filepath.Join(dir, "key"), filepath.Join(dir, "secret")
	write := func(path string, lines ...string) {
		draft := path + ".draft"
		if err := os.WriteFile(draft, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(draft, path); err != nil {
			t.Fatal(err)
		}
	}
	oldKey, newKey := c.secrets["JWT_SIGNING_KEY"], "another-signing-key-of-more-than-32-bytes"
	oldSecret, newSecret := c.secrets["SESSION_SECRET"], "another-session-secret-of-more-than-32-bytes"
	write(key, oldKey)
	write(secret, oldSecret)
	files := map[string]string{"JWT_SIGNING_KEY": "", "JWT_SIGNING_KEY_FILE": key}
	gateway := map[string]string{"JWT_SIGNING_KEY": "", "JWT_SIGNING_KEY_FILE": key, "SESSION_SECRET": "", "SESSION_SECRET_FILE": secret}
	r := newReplicas(t, stack.Config{
		Override: map[string]map[string]string{stack.Catalog: files, stack.Inventory: files, stack.Gateway: gateway},
	})
	tr := newTraffic(t, r)
	inUse := func(times int) {
		t.Helper()
		await(t, func() bool { return r.log.count("changed setting is in use") >= times })
	}
	tr.during(2000, func() {
		tr.more(200)
		write(key, oldKey, newKey)
		inUse(1)
		tr.more(2000)
		t.Log(r.log.count("changed setting is in use"), "uses of the key have changed")
		write(key, newKey, oldKey)
		tr.more(1000)
	})
	begun := browser.New()
	form, err := begun.Begin(t.Context(), r.URL(stack.Gateway))
	if err != nil {
		t.Fatal(err)
	}
	write(secret, newSecret, oldSecret)
	await(t, func() bool {
		get(t, browser.New(), r.URL(stack.Gateway)+"/login")
		return strings.Contains(r.log.String(), "SESSION_SECRET")
	})
	if err := begun.Finish(t.Context(), form, r.URL(stack.Gateway), stack.People(c.secrets)["customer"]); err != nil {
		t.Errorf("a login that began under the old secret: %v", err)
	}
}
