package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	e2e "storefront/e2e"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// redCells runs the matrix and gives the cells that did not pass, with why.
func redCells(ctx context.Context, target matrix.Target) (map[string]string, error) {
	table, err := matrix.Parse("roles.yaml", e2e.RolesYAML)
	if err != nil {
		return nil, err
	}
	tally, err := matrix.Run(ctx, table, target, silent{})
	if err != nil {
		return nil, err
	}
	red := map[string]string{}
	for _, r := range tally {
		if r.State != matrix.Passed {
			red[fmt.Sprintf("%s %s as %s", r.Service, r.Request, r.Caller)] = strings.Join(r.Why, "; ")
		}
	}
	return red, nil
}

type silent struct{}

func (silent) Row(string, string, []matrix.Result) {}

// unchanged is the matrix of the code as it stands; nothing of it may be red.
var unchanged = sync.OnceValues(func() (map[string]string, error) {
	shared.logins.Lock()
	defer shared.logins.Unlock()
	return redCells(context.Background(), shared.target)
})

func TestRoles_areAllGreen(t *testing.T) {
	t.Parallel()
	use(t)
	red, err := unchanged()
	if err != nil {
		t.Fatal(err)
	}
	for cell, why := range red {
		t.Errorf("%s: %s", cell, why)
	}
}

// Tokens, codes, passwords, keys, cookies and e-mails of a whole matrix: none of them may stand in a log.
func TestRoles_leaveNoSecretInTheLogs(t *testing.T) {
	t.Parallel()
	c := use(t)
	if _, err := unchanged(); err != nil {
		t.Fatal(err)
	}
	log := c.log.String()
	if !strings.Contains(log, "/oauth-redirect") || !strings.Contains(log, "token refused") {
		t.Fatal("the log does not tell of logins and refusals: there is nothing to look through")
	}
	for name, secret := range c.secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %s", name)
		}
	}
	for what, pattern := range map[string]string{
		"a token": `eyJ[A-Za-z0-9_-]{8,}`, "an e-mail": `[a-z]@example\.com`, "a code": `code=`, "a session": `fa\.gw\.sid`, "a scheme": `Bearer [A-Za-z0-9]`,
	} {
		if found := regexp.MustCompile(pattern).FindString(log); found != "" {
			t.Errorf("the log shows %s", what)
		}
	}
}

// command runs the built e2e with an environment of its own.
func command(t testing.TB, env []string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(use(t).bin(), "e2e"), args...)
	path, _ := os.LookupEnv("PATH")
	cmd.Env = append([]string{"PATH=" + path}, env...)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}

// everything is the environment that describes the shared stack in full.
func everything(t testing.TB) []string {
	t.Helper()
	c := alone(t)
	routes := filepath.Join(t.TempDir(), "routes")
	var lines strings.Builder
	for service, list := range c.target.Routes {
		for _, route := range list {
			fmt.Fprintln(&lines, service, route)
		}
	}
	if err := os.WriteFile(routes, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"BASE_URL=" + c.stack.URL(stack.Gateway) + "/", "CATALOG_URL=" + c.stack.URL(stack.Catalog), "INVENTORY_URL=" + c.stack.URL(stack.Inventory),
		"FUSIONAUTH_URL=" + c.stack.URL(stack.Identity), "ROUTES_FILE=" + routes,
	}
	for _, name := range []string{"FUSIONAUTH_CLIENT_SECRET", "JWT_SIGNING_KEY", "ADMIN_PASSWORD", "MANAGER_PASSWORD", "CUSTOMER_PASSWORD"} {
		env = append(env, name+"="+c.secrets[name])
	}
	return env
}

var closing = regexp.MustCompile(`(?m)^(\d+) passed, (\d+) failed, (\d+) skipped$`)

func TestRolesCommand_againstADeployment(t *testing.T) {
	t.Parallel()
	full := slices.Clip(everything(t))
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(full), func(pair string) bool {
			name, _, _ := strings.Cut(pair, "=")
			return slices.Contains(names, name)
		})
	}
	tests := []struct {
		name    string
		env     []string
		code    int
		red     bool
		skipped bool
		says    []string
	}{
		{"all is known", append(full, "REQUIRE=all"), 0, false, false, []string{"✓ admin"}},
		{"its address alone", full[:1], 0, false, true, []string{
			"✓ anonymous", "NOT TESTED", "CATALOG_URL is not set", "ADMIN_EMAIL or ADMIN_PASSWORD is not set", "FUSIONAUTH_CLIENT_SECRET is not set",
			"ROUTES_FILE does not list the routes of inventory",
		}},
		{"without the key", without("JWT_SIGNING_KEY"), 0, false, true, []string{"JWT_SIGNING_KEY is not set"}},
		{"REQUIRE=all with something missing", append(without("CATALOG_URL"), "REQUIRE=all"), 1, false, true, []string{"cells were not tested"}},
		{"a wrong password", append(without("ADMIN_PASSWORD"), "ADMIN_PASSWORD=guess"), 1, true, false, []string{"✗ admin", "are not accepted"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // one after the other: each signs the users of the others out
			out, code := command(t, tt.env, "roles")
			if code != tt.code {
				t.Errorf("exit code = %d, want %d", code, tt.code)
			}
			last := closing.FindStringSubmatch(out)
			if last == nil || (last[2] != "0") != tt.red || (last[3] != "0") != tt.skipped {
				t.Errorf("the closing line is %q", last)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q", want)
				}
			}
			if strings.Contains(out, "\x1b[") {
				t.Error("colours on something that is no terminal")
			}
			for line := range strings.Lines(out) {
				if t.Failed() && strings.Contains(line, "✗") {
					t.Log(line)
				}
			}
		})
	}
}

func TestCommand_refusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		name string
		env  []string
		args []string
		says []string
	}{
		{"no command", nil, nil, []string{"usage:"}},
		{"unknown command", nil, []string{"fly"}, []string{"usage:"}},
		{"a port base that is none", []string{"DEMO_PORT_BASE=web"}, []string{"run"}, []string{"DEMO_PORT_BASE"}},
		{"addresses that are none", []string{"BASE_URL=localhost:3000", "CATALOG_URL=/x", "ROUTES_FILE=" + missing}, []string{"roles"}, []string{"BASE_URL", "CATALOG_URL", "ROUTES_FILE"}},
		{"switches that switch nothing", []string{"REQUIRE=al", "UNSAFE=true", "STACK=containers"}, []string{"roles"}, []string{"REQUIRE", "UNSAFE", "STACK"}},
		{"pairs of addresses that are none", []string{"BASE_URL=http://127.0.0.1:1", "CONNECT_TO=localhost:3000=gateway:3000"}, []string{"roles"}, []string{"CONNECT_TO", "http://gateway:3000"}},
		{"a deployment that is not there", []string{"BASE_URL=http://127.0.0.1:1"}, []string{"roles"}, []string{"find the identity server"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, code := command(t, tt.env, tt.args...)
			if code != 1 {
				t.Errorf("exit code = %d, want 1", code)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
		})
	}
}
