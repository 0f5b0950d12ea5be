package main_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	e2e "storefront/e2e"
	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// redisServer is Debian's redis-server on a port of its own.
type redisServer struct {
	t    testing.TB
	port string
	dir  string
	cmd  *exec.Cmd
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	installed(t, "redis-server", "redis-server")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	r := &redisServer{t: t, port: port, dir: t.TempDir()}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	r.cmd = exec.CommandContext(context.WithoutCancel(r.t.Context()), "redis-server", "--bind", "127.0.0.1", "--port", r.port, "--save", "", "--appendonly", "yes", "--dir", r.dir)
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	await(r.t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+r.port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func (r *redisServer) stop() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait()
	r.cmd = nil
}

func (r *redisServer) url() string { return "redis://127.0.0.1:" + r.port + "/0" }

// replicas are two gateways over one Redis, behind a balancer that gives them the connections in turn.
type replicas struct {
	*stack.Stack
	redis  *redisServer
	base   int
	pids   [2]int
	http   *http.Transport // over the balancer
	second string
	log    *transcript
}

func newReplicas(t testing.TB, cfg stack.Config) *replicas {
	t.Helper()
	c := use(t)
	r := &replicas{redis: startRedis(t), log: &transcript{}}
	var err error
	if r.base, err = stack.FreeBase(); err != nil {
		t.Fatal(err)
	}
	cfg.Bin, cfg.Base, cfg.Secrets, cfg.Log = c.bin(), r.base, c.secrets, r.log
	if cfg.Override == nil {
		cfg.Override = map[string]map[string]string{}
	}
	identity := stack.App(r.base, nil).Identity
	settings := map[string]string{
		"SESSION_STORE": "redis", "REDIS_URL": r.redis.url(), "FUSIONAUTH_PUBLIC_URL": identity, "FUSIONAUTH_ISSUER": identity,
	}
	maps.Copy(settings, cfg.Override[stack.Gateway])
	cfg.Override[stack.Gateway] = settings
	if r.Stack, err = stack.Start(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	r.pids[0] = r.PIDs()[stack.Gateway]
	if r.second, err = r.Replicate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.pids[1] = r.PIDs()[stack.Gateway]
	r.http = balanced(r.URL(stack.Gateway), r.second)
	t.Cleanup(r.http.CloseIdleConnections)
	return r
}

// balanced reaches the first address at both, in turn, and at the one that is left when the other is away.
func balanced(first, second string) *http.Transport {
	hosts := [2]string{strings.TrimPrefix(first, "http://"), strings.TrimPrefix(second, "http://")}
	var turn atomic.Int64
	transport := matrix.Direct()
	transport.DisableKeepAlives = true // each request has a connection of its own, and so its turn
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var dialer net.Dialer
		if addr != hosts[0] {
			return dialer.DialContext(ctx, network, addr)
		}
		n := turn.Add(1)
		conn, err := dialer.DialContext(ctx, network, hosts[n%2])
		if err != nil {
			conn, err = dialer.DialContext(ctx, network, hosts[(n+1)%2])
		}
		return conn, err
	}
	return transport
}

func (r *replicas) target(t testing.TB) matrix.Target {
	t.Helper()
	target, err := e2e.StackTarget(t.Context(), r.Stack, r.base, use(t).secrets)
	if err != nil {
		t.Fatal(err)
	}
	target.Transport = r.http
	return target
}

func (r *replicas) signIn(t testing.TB, name string) *browser.Browser {
	t.Helper()
	b := browser.Over(r.http)
	if err := b.SignIn(t.Context(), r.URL(stack.Gateway), use(t).person(name)); err != nil {
		t.Fatal(err)
	}
	return b
}

// statuses asks n times, so that both replicas are asked.
func (r *replicas) statuses(t testing.TB, b *browser.Browser, path string, n int) map[int]int {
	t.Helper()
	seen := map[int]int{}
	for range n {
		seen[get(t, b, r.URL(stack.Gateway)+path).Status]++
	}
	return seen
}

type quiet struct{}

func (quiet) Row(string, string, []matrix.Result) {}

// A balancer may send each request of one browser to another gateway: nobody notices, in every cell of the matrix.
func TestReplicas_passTheMatrix(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, stack.Config{})
	tally, err := matrix.Run(t.Context(), rolesTable(t), r.target(t), quiet{})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range tally {
		if result.State == matrix.Failed {
			t.Errorf("%s %s as %s: %s", result.Service, result.Request, result.Caller, strings.Join(result.Why, "; "))
		}
	}
	t.Logf("%d cells passed over two gateways", tally.Count(matrix.Passed))
}

func rolesTable(t testing.TB) matrix.Table {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(use(t).root, "e2e", "roles.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := matrix.Parse("roles.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// Whichever gateway dies, nobody's login is lost.
func TestReplicas_surviveEachOther(t *testing.T) {
	t.Parallel()
	for n := range 2 {
		t.Run(fmt.Sprint("death of gateway ", n+1), func(t *testing.T) {
			t.Parallel()
			r := newReplicas(t, stack.Config{})
			people := map[string]*browser.Browser{}
			for _, name := range []string{"admin", "manager", "customer"} {
				people[name] = r.signIn(t, name)
			}
			if err := syscall.Kill(r.pids[n], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			await(t, func() bool {
				conn, err := net.Dial("tcp", strings.TrimPrefix([]string{r.URL(stack.Gateway), r.second}[n], "http://"))
				if err == nil {
					_ = conn.Close()
				}
				return err != nil
			})
			for name, b := range people {
				if seen := r.statuses(t, b, "/me", 6); seen[http.StatusOK] != 6 {
					t.Errorf("%s after the death of a gateway: %v, want 200 alone", name, seen)
				}
			}
			r.signIn(t, "admin") // and whoever comes can sign in
		})
	}
}

// Logout at one gateway is the end at all of them.
func TestReplicas_endSessionsEverywhere(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, stack.Config{})
	for path, ends := range map[string]bool{"/logout": false, "/logout/everywhere": true} {
		one, other := r.signIn(t, "customer"), r.signIn(t, "customer")
		cookies := one.Cookies(r.URL(stack.Gateway))
		if status := r.post(t, path, cookies); status != http.StatusSeeOther {
			t.Fatalf("POST %s = %d", path, status)
		}
		if seen := r.withCookie(t, cookies, 6); seen[http.StatusUnauthorized] != 6 {
			t.Errorf("the old cookie after %s: %v, want 401 alone", path, seen)
		}
		seen := r.withCookie(t, other.Cookies(r.URL(stack.Gateway)), 6)
		if gone := seen[http.StatusUnauthorized] == 6; gone != ends {
			t.Errorf("the user's other session after %s: %v, ended should be %t", path, seen, ends)
		}
	}
}

func (r *replicas) post(t testing.TB, path, cookies string) int {
	t.Helper()
	return r.send(t, http.MethodPost, path, "Cookie", cookies)
}

func (r *replicas) send(t testing.TB, method, path, header, value string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.URL(stack.Gateway)+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, value)
	res, err := r.http.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (r *replicas) withCookie(t testing.TB, cookies string, n int) map[int]int {
	t.Helper()
	seen := map[int]int{}
	for range n {
		seen[r.send(t, http.MethodGet, "/me", "Cookie", cookies)]++
	}
	return seen
}

// Without Redis nobody knows who is signed in, and says so: 503, never 401. What needs no session goes on, and all is well again without
// a restart.
func TestReplicas_whileRedisIsAway(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, stack.Config{})
	admin := r.signIn(t, "admin")
	r.redis.stop()
	page := get(t, admin, r.URL(stack.Gateway)+"/branches/1/products")
	if page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" {
		t.Errorf("with a session = %d, Retry-After %q, want 503 with one", page.Status, page.Header.Get("Retry-After"))
	}
	for _, path := range []string{"/", "/products", "/products/1", "/healthz", "/readyz"} {
		if seen := r.statuses(t, browser.Over(r.http), path, 4); seen[http.StatusOK] != 4 {
			t.Errorf("%s without a session: %v, want 200 alone", path, seen)
		}
	}
	r.redis.start()
	back := time.Now()
	await(t, func() bool { return r.statuses(t, admin, "/branches/1/products", 4)[http.StatusOK] == 4 })
	t.Logf("both gateways know their sessions again %v after Redis is back", time.Since(back).Round(time.Millisecond))
}

// When 200 requests at two gateways find the token at its end, it is renewed once, and nobody is sent away: with a refresh token that
// works many times, and with one that works once.
func TestReplicas_refreshOnce(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"Reusable", "OneTimeUse"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			var refreshes atomic.Int64
			identity := newRelay(t, func(req *http.Request) {
				if req.URL.Path == "/oauth2/token" && grantOf(req) == "refresh_token" {
					refreshes.Add(1)
				}
			})
			r := newReplicas(t, stack.Config{
				Env:      map[string]string{"REFRESH_TOKEN_USAGE_POLICY": policy},
				Override: map[string]map[string]string{stack.Identity: {"KICKSTART_FILE": shortLived(t)}, stack.Gateway: {"FUSIONAUTH_URL": identity.URL}},
			})
			identity.to.Store(mustParse(t, r.URL(stack.Identity)))
			cookies := r.signIn(t, "admin").Cookies(r.URL(stack.Gateway))
			due := time.After(accessLife * 5 / 6)
			<-due
			var together, done sync.WaitGroup
			together.Add(1)
			var refused atomic.Int64
			for range 200 {
				done.Go(func() {
					together.Wait()
					if r.send(t, http.MethodGet, "/branches/1/products", "Cookie", cookies) != http.StatusOK {
						refused.Add(1)
					}
				})
			}
			together.Done()
			done.Wait()
			if n := refused.Load(); n != 0 {
				t.Errorf("%d of 200 requests were not answered", n)
			}
			if n := refreshes.Load(); n != 1 {
				t.Errorf("%d refreshes for 200 requests at once, want 1", n)
			}
		})
	}
}

// What FusionAuth takes back is refused at every gateway within a second: sessions and Bearer tokens.
func TestReplicas_hearOfRevocations(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, stack.Config{})
	cookies := r.signIn(t, "customer").Cookies(r.URL(stack.Gateway))
	bystander := r.signIn(t, "admin")
	token, err := browser.New().AccessToken(t.Context(), stack.App(r.base, use(t).secrets), use(t).person("customer"))
	if err != nil {
		t.Fatal(err)
	}
	if status := r.send(t, http.MethodGet, "/me", "Authorization", "Bearer "+token); status != http.StatusOK {
		t.Fatalf("before = %d", status)
	}
	r.deactivate(t, "customer")
	revoked := time.Now()
	for name, header := range map[string][2]string{"session": {"Cookie", cookies}, "token": {"Authorization", "Bearer " + token}} {
		await(t, func() bool {
			for range 4 {
				if r.send(t, http.MethodGet, "/me", header[0], header[1]) != http.StatusUnauthorized {
					return false
				}
			}
			return true
		})
		t.Logf("the %s was refused at both gateways %v after the user was deactivated", name, time.Since(revoked).Round(time.Millisecond))
	}
	if seen := r.statuses(t, bystander, "/me", 4); seen[http.StatusOK] != 4 {
		t.Errorf("somebody else: %v, want 200 alone", seen)
	}
}

// deactivate takes a demo user's account away, as an admin of FusionAuth does.
func (r *replicas) deactivate(t testing.TB, name string) {
	t.Helper()
	ids := map[string]string{"customer": "00000000-0000-0000-0000-000000000002"}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, r.URL(stack.Identity)+"/api/user/"+ids[name], http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", use(t).secrets["KICKSTART_API_KEY"])
	res, err := matrix.Direct().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("DELETE /api/user = %d", res.StatusCode)
	}
}
