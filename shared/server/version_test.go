package server_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"storefront/shared/server"
)

const program = `package main

import (
	"context"
	"errors"
	"io"

	"storefront/shared/server"
)

type unwell struct{ error }

func (unwell) ExitCode() int { return 7 }

func main() {
	server.Main("shop", func(_ context.Context, args, _ []string, _ io.Writer) error {
		if len(args) > 0 {
			return errors.Join(unwell{errors.New("very")})
		}
		return errors.New("no settings")
	})
}
`

// A real program says its version without any settings, and ends with the code of its error.
func TestMain_versionAndExitCode(t *testing.T) {
	t.Parallel()
	bin := build(t)
	out, err := exec.CommandContext(t.Context(), bin, "--version").CombinedOutput()
	want := "shop, commit 0123abc, " + runtime.Version() + " "
	if err != nil || !strings.HasPrefix(string(out), want) || strings.Count(string(out), "\n") != 1 {
		t.Errorf("--version = %q, %v; want %q", out, err, want)
	}
	for arg, want := range map[string]int{"": 1, "x": 7} {
		cmd := exec.CommandContext(t.Context(), bin, strings.Fields(arg)...)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != want || !strings.HasPrefix(string(out), "shop: ") {
			t.Errorf("%q: %v %q, want exit code %d", arg, err, out, want)
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source, bin := filepath.Join(dir, "main.go"), filepath.Join(dir, "shop")
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X storefront/shared/server.Commit=0123abc", "-o", bin, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func TestVersion_says(t *testing.T) {
	t.Parallel()
	end := ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	for want, got := range map[string]string{
		"shop, commit unknown":              server.Describe("shop", "(devel)", "", false),
		"shop, commit c70ba16 with changes": server.Describe("shop", "", "c70ba16", true),
		"shop v1.2.3, commit c70ba16":       server.Describe("shop", "v1.2.3", "c70ba16", false),
	} {
		if got != want+end {
			t.Errorf("%q, want %q", got, want+end)
		}
	}
}
