package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func environment(t *testing.T, changes ...string) []string {
	t.Helper()
	return append([]string{
		"FUSIONAUTH_API_KEY=bootstrap-api-key", "GATEWAY_LOGIN_API_KEY=gateway-login-api-key", "FUSIONAUTH_ISSUER=http://localhost:9011",
		"JWT_SIGNING_KEY=0123456789abcdef0123456789abcdef", "ACCESS_TOKEN_KEY_ID=5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001",
		"FUSIONAUTH_CLIENT_SECRET=client-secret", "GATEWAY_REDIRECT_URL=http://localhost:3000/oauth-redirect",
		"GATEWAY_LOGOUT_URL=http://localhost:3000/logout/frontchannel", "GATEWAY_POST_LOGOUT_URL=http://localhost:3000/",
		"ADMIN_PASSWORD=password-admin", "CUSTOMER_PASSWORD=password-customer", "ANONYMOUS_PASSWORD=password-anonymous",
		"MANAGER_PASSWORD=password-manager",
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
	for _, want := range []string{"LOG_LEVEL", "GATEWAY_REDIRECT_URI", "kickstart.json:4: environment variable FUSIONAUTH_API_KEY", "MANAGER_PASSWORD"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("load = %v\nwant %s in it", err, want)
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
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, nil, environment(t, "ADDR=127.0.0.1:0, 127.0.0.1:0"), write)
		_ = write.Close()
	}()
	lines := bufio.NewScanner(read)
	warned := false
	var addrs []string
	for len(addrs) < 2 && lines.Scan() {
		var line struct{ Level, Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %s: %v", lines.Text(), err)
		}
		warned = warned || line.Level == "WARN" && strings.Contains(line.Msg, "stand-in for development, not FusionAuth")
		if line.Addr != "" {
			addrs = append(addrs, line.Addr)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	if !warned {
		t.Error("the log does not say that this is a stand-in")
	}
	for _, addr := range addrs {
		response, err := http.Get("http://" + addr + "/api/status")
		if err != nil {
			t.Fatalf("ask %s: %v", addr, err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("GET /api/status on %s = %d", addr, response.StatusCode)
		}
	}
	checkHealth(t, addrs[0])
	stop()
	if err := <-done; err != nil {
		t.Errorf("run = %v, want a clean stop", err)
	}
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
