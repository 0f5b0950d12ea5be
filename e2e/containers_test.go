package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeDocker is a docker that says what a test lets it say, for what no test can bring about on a real engine. It gives the PATH to find it.
func fakeDocker(t testing.TB, cases string) string {
	t.Helper()
	const config = `{"services": {
		"fusionauth": {"image": "registry.test/fusionauth:1", "environment": {"FUSIONAUTH_ISSUER": "http://localhost:19011",
			"ADMIN_PASSWORD": "of-admin", "MANAGER_PASSWORD": "of-manager", "CUSTOMER_PASSWORD": "of-customer"}},
		"gateway": {"image": "registry.test/gateway:1", "build": {}, "environment": {"GATEWAY_URL": "http://localhost:13000"}}}}`
	script := "#!/bin/sh\ncase \"$*\" in\n" + cases + `
"version "*|"compose version"|"image inspect "*|*" --status running"*|*" build "*|*" up "*) ;;
*" config "*) echo '` + config + `' ;;
"info "*) date -u +%Y-%m-%dT%H:%M:%SZ ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return "PATH=" + dir + ":/bin:/usr/bin"
}

func TestUpCommand_saysWhatHappenedAndWhatToDo(t *testing.T) {
	t.Parallel()
	const fails, catalogWell = `*" up "*) echo "dependency failed to start" >&2; exit 1 ;;`, `{"Service":"catalog","State":"running","Health":"healthy"}`
	const unhealthy = `*" ps --all "*) echo '{"Service":"fusionauth","State":"running","Health":"unhealthy"}'; echo '` + catalogWell + `' ;;
*" logs "*fusionauth) echo "first words"; echo "last words" ;;
`
	tests := []struct {
		name, command, docker string
		code                  int
		says, hides           []string
	}{
		{
			"it is up", "up", "", 0,
			[]string{"http://localhost:13000", "of-manager", "http://localhost:19011/admin", "STACK=compose go run ./e2e token manager", "make down"}, nil,
		},
		{"it is up with the stand-in", "up-local", "", 0, []string{"http://localhost:19011 is a local stand-in"}, []string{"/admin"}},
		{"no engine", "up", `"version "*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;`, 1, []string{"no Docker engine answers", "Cannot connect", "make run"}, nil},
		{"no compose", "up", `"compose version") echo "unknown command" >&2; exit 1 ;;`, 1, []string{"no compose plugin", "2.24"}, nil},
		{
			"an image that cannot be pulled", "up", `"image inspect "*) exit 1 ;;
*" pull "*) echo "manifest unknown" >&2; exit 1 ;;`, 1,
			[]string{"registry.test/fusionauth:1, cannot be pulled", "manifest unknown", "make up-local"}, nil,
		},
		{"an image that cannot be built", "up", `*" build "*) echo "syntax error" >&2; exit 1 ;;`, 1, []string{"build the image of gateway", "syntax error"}, nil},
		{
			"a kickstart that ran half", "up", fails + unhealthy, 1,
			[]string{"fusionauth is unhealthy; its last lines:", "first words\n    last words", "docker compose down -v && make up"}, []string{"catalog is", "clock"},
		},
		{"the stand-in, which forgets by itself", "up-local", fails + unhealthy, 1, []string{"fusionauth is unhealthy"}, []string{"down -v"}},
		{
			"clocks apart", "up", fails + unhealthy + `"info "*) echo 2020-01-01T00:00:00Z ;;`, 1,
			[]string{"the engine's clock is -", "apart from this machine's"}, nil,
		},
		{
			"a port that was taken meanwhile", "up", `*" up "*) echo "driver failed: port is already allocated" >&2; exit 1 ;;
*" ps --all "*) ;;`, 1,
			[]string{"a port is taken by another program", "GATEWAY_PORT=13000"}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, code := command(t, []string{fakeDocker(t, tt.docker)}, tt.command)
			if code != tt.code {
				t.Errorf("exit code = %d, want %d", code, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q", want)
				}
			}
			for _, unwanted := range tt.hides {
				if strings.Contains(out, unwanted) {
					t.Errorf("the output has %q", unwanted)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}
