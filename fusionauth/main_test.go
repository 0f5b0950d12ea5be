package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func environment(t *testing.T, changes ...string) []string {
	t.Helper()
	return append([]string{
		"KICKSTART_API_KEY=bootstrap-api-key", "FUSIONAUTH_API_KEY=gateway-login-api-key", "FUSIONAUTH_ISSUER=http://localhost:9011",
		"JWT_SIGNING_KEY=0123456789abcdef0123456789abcdef", "ACCESS_TOKEN_KEY_ID=5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001",
		"FUSIONAUTH_CLIENT_SECRET=client-secret", "GATEWAY_REDIRECT_URL=http://localhost:3000/oauth-redirect",
		"GATEWAY_LOGOUT_URL=http://localhost:3000/logout/frontchannel", "GATEWAY_POST_LOGOUT_URL=http://localhost:3000/",
		"ADMIN_PASSWORD=password-admin", "CUSTOMER_PASSWORD=password-customer", "ANONYMOUS_PASSWORD=password-anonymous",
		"MANAGER_PASSWORD=password-manager", "GATEWAY_WEBHOOK_URL=http://localhost:3000/webhook", "REFRESH_TOKEN_USAGE_POLICY=Reusable",
	}, changes...)
}

func TestLoadConfig_defaults(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(environment(t))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if len(cfg.Addr) != 1 || cfg.Addr[0] != "127.0.0.1:9011" {
		t.Errorf("addresses = %q, want loopback alone", cfg.Addr)
	}
	if cfg.Setup.Tenant.Issuer != "http://localhost:9011" || len(cfg.Setup.Users) != 4 {
		t.Errorf("setup of issuer %q with %d users, want the embedded kickstart", cfg.Setup.Tenant.Issuer, len(cfg.Setup.Users))
	}
}

func TestLoadConfig_everyFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadConfig([]string{"LOG_LEVEL=loud", "GATEWAY_REDIRECT_URI=http://localhost:3000/"})
	if err == nil {
		t.Fatal("load passes")
	}
	for _, want := range []string{"LOG_LEVEL", "GATEWAY_REDIRECT_URI", "kickstart.json:4: environment variable KICKSTART_API_KEY", "MANAGER_PASSWORD"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("load = %v\nwant %s in it", err, want)
		}
	}
}

// TestLoadConfig_adminOnLoopbackAlone: what acts on the server without a password must not be reachable from elsewhere.
func TestLoadConfig_adminOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	for addr, refused := range map[string]bool{
		"127.0.0.1:9011": false, "localhost:9011": false, "[::1]:0": false, "127.0.0.1:9011,[::1]:9011": false,
		":9011": true, "0.0.0.0:9011": true, "[::]:9011": true, "192.0.2.1:9011": true, "127.0.0.1:9011,0.0.0.0:9012": true, "fusionauth:9011": true,
	} {
		cfg, err := loadConfig(environment(t, "ADDR="+addr, "STANDIN_ADMIN=true"))
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "STANDIN_ADMIN") {
			t.Errorf("ADDR=%s with STANDIN_ADMIN: %v, want refused %v", addr, err, refused)
		}
		if !refused && !cfg.Admin {
			t.Errorf("ADDR=%s: admin is off", addr)
		}
		if cfg, err := loadConfig(environment(t, "ADDR="+addr)); err != nil || cfg.Admin {
			t.Errorf("ADDR=%s alone: admin %v, %v; want it off", addr, cfg.Admin, err)
		}
	}
}

func TestLoadConfig_secretsFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("secret-of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := slices.DeleteFunc(environment(t), func(pair string) bool { return strings.HasPrefix(pair, "FUSIONAUTH_CLIENT_SECRET=") })
	cfg, err := loadConfig(append(environ, "FUSIONAUTH_CLIENT_SECRET_FILE="+path))
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if got := cfg.Setup.Applications[1].OAuth.ClientSecret; string(got) != "secret-of-a-file" {
		t.Error("the client secret is not the one of the file")
	}
}

func TestLoadConfig_anotherKickstart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("tenant.json", `{"tenant": {"issuer": "https://included.test"}}`)
	good := write("good.json", `{"variables": {}, "apiKeys": [{"key": "12345678"}],
		"requests": [{"method": "PATCH", "url": "/api/tenant/#{FUSIONAUTH_TENANT_ID}", "body": "&{tenant.json}"}]}`)
	bad := write("bad.json", "{\n\"requests\": 1}")

	cfg, err := loadConfig([]string{"KICKSTART_FILE=" + good})
	if err != nil || cfg.Setup.Tenant.Issuer != "https://included.test" {
		t.Errorf("issuer = %q, %v; want the one of the included file", cfg.Setup.Tenant.Issuer, err)
	}
	if _, err := loadConfig([]string{"KICKSTART_FILE=" + bad}); err == nil || !strings.Contains(err.Error(), "bad.json:2: ") {
		t.Errorf("load of a bad kickstart = %v, want its name and line", err)
	}
	if _, err := loadConfig([]string{"KICKSTART_FILE=" + filepath.Join(dir, "none.json")}); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("load without the file = %v, want its name", err)
	}
}

// TestRun starts the whole program on two addresses, asks both, and stops it.
func TestRun(t *testing.T) {
	t.Parallel()
	p := startProgram(t, 2, "ADDR=127.0.0.1:0, 127.0.0.1:0")
	if !p.warned("stand-in for development, not FusionAuth") {
		t.Error("the log does not say that this is a stand-in")
	}
	for _, addr := range p.addrs {
		for path, want := range map[string]int{"/api/status": http.StatusOK, "/admin": http.StatusNotFound} {
			if got := ask(t, addr, path); got != want {
				t.Errorf("GET %s on %s = %d, want %d", path, addr, got, want)
			}
		}
	}
	checkHealth(t, p.addrs[0])
	p.stop()
	if err := <-p.done; err != nil {
		t.Errorf("run = %v, want a clean stop", err)
	}
}

func TestRun_withAdmin(t *testing.T) {
	t.Parallel()
	p := startProgram(t, 1, "ADDR=127.0.0.1:0", "STANDIN_ADMIN=true")
	if !p.warned("/admin is served") {
		t.Error("the log does not say that /admin is served")
	}
	for _, path := range []string{"/admin", "/admin/api/state", "/api/status"} {
		if got := ask(t, p.addrs[0], path); got != http.StatusOK {
			t.Errorf("GET %s = %d", path, got)
		}
	}
}

// TestRun_deliversEvents: what a request has caused is sent before the program ends.
func TestRun_deliversEvents(t *testing.T) {
	t.Parallel()
	got := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	t.Cleanup(receiver.Close)
	p := startProgram(t, 1, "ADDR=127.0.0.1:0", "STANDIN_ADMIN=true", "GATEWAY_WEBHOOK_URL="+receiver.URL)
	revoke := "http://" + p.addrs[0] + "/admin/api/users/00000000-0000-0000-0000-000000000002/revoke"
	response, err := http.Post(revoke, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	p.stop()
	if err := <-p.done; err != nil {
		t.Errorf("run = %v, want a clean stop", err)
	}
	if len(got) != 1 || !strings.Contains(<-got, `"type":"jwt.refresh-token.revoke"`) {
		t.Errorf("%d events came, want the one", len(got))
	}
}

// program is a running one.
type program struct {
	addrs    []string
	warnings []string
	stop     context.CancelFunc
	done     chan error
}

func (p program) warned(part string) bool {
	return slices.ContainsFunc(p.warnings, func(w string) bool { return strings.Contains(w, part) })
}

// startProgram runs the program until it listens on as many addresses as there are to be.
func startProgram(t *testing.T, listeners int, changes ...string) program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	p := program{stop: stop, done: make(chan error, 1)}
	go func() {
		p.done <- run(ctx, nil, environment(t, changes...), write)
		_ = write.Close()
	}()
	t.Cleanup(func() {
		stop()
		_, _ = io.Copy(io.Discard, read) // until it has ended
	})
	lines := bufio.NewScanner(read)
	for len(p.addrs) < listeners && lines.Scan() {
		var line struct{ Level, Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %s: %v", lines.Text(), err)
		}
		if line.Level == "WARN" {
			p.warnings = append(p.warnings, line.Msg)
		}
		if line.Addr != "" {
			p.addrs = append(p.addrs, line.Addr)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	if len(p.addrs) < listeners {
		t.Fatalf("the program listens on %q", p.addrs)
	}
	return p
}

func ask(t *testing.T, addr, path string) int {
	t.Helper()
	response, err := http.Get("http://" + addr + path)
	if err != nil {
		t.Fatalf("ask %s: %v", addr, err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// checkHealth runs the program once more, as a container's health check does.
func checkHealth(t *testing.T, addr string) {
	t.Helper()
	if err := run(t.Context(), []string{"healthcheck"}, environment(t, "ADDR="+addr), io.Discard); err != nil {
		t.Errorf("healthcheck of the running server = %v", err)
	}
	if err := run(t.Context(), []string{"healthcheck"}, environment(t, "ADDR=127.0.0.1:1"), io.Discard); err == nil {
		t.Error("healthcheck of nothing passes")
	}
}

func TestRun_refusesToStart(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), []string{"serve"}, environment(t), io.Discard); err == nil {
		t.Error("run with unknown arguments starts")
	}
	for name, environ := range map[string][]string{
		"bad settings":            {"LOG_LEVEL=loud"},
		"bad address":             environment(t, "ADDR=127.0.0.1:notaport"),
		"no address":              environment(t, "ADDR=,"),
		"address of no host here": environment(t, "ADDR=192.0.2.1:9011"),
	} {
		if err := run(t.Context(), nil, environ, io.Discard); err == nil {
			t.Errorf("%s: run starts", name)
		}
	}
}
