package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/chaos"
)

// chaosWithin is how long all may take to be well again: longer than is promised, since other tests may hold the machine.
const chaosWithin = 15 * time.Second

// docs/chaos.md is true: under every fault of every line, and while every process dies. It runs alone, since it tells from a time-out that
// nobody answers.
func TestChaos(t *testing.T) {
	if os.Getenv("CHAOS") != "1" { //nolint:forbidigo // the switch of this test
		t.Skip("takes the whole machine for minutes: make check-chaos")
	}
	installed(t, "redis-server", "redis-server")
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); len(found) == 0 {
		installed(t, "postgres", "postgresql")
	}
	report, err := chaos.Run(t.Context(), chaos.Config{Bin: use(t).bin(), Within: chaosWithin, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range report.Findings() {
		t.Error(finding)
	}
	want, err := os.ReadFile(filepath.Join(use(t).root, "docs", "chaos.md"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), report.Markdown()); diff != "" {
		t.Errorf("docs/chaos.md is not what happens; make chaos writes it anew (-page +seen)\n%s", diff)
	}
}

// installed installs Debian's package of a program that is not there.
func installed(t testing.TB, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if text, err := exec.CommandContext(t.Context(), "apt-get", "install", "-y", "--no-install-recommends", debian).CombinedOutput(); err != nil {
		t.Fatalf("this test needs %s, Debian's package %s: %v\n%s", program, debian, err, text)
	}
}
