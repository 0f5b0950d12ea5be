package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// newcomer has cloned the repository and reads what `make run` prints.
type newcomer struct {
	clone string
	base  int
}

// terminal is a `make run` in a terminal of its own.
type terminal struct {
	cmd  *exec.Cmd
	out  transcript
	done chan struct{} // closed when make has ended
}

// patience is how long a step may take on a busy machine.
const patience = 3 * time.Minute

const ready = "Ctrl-C    stops all four"

// A newcomer's first hour, as the README promises it: clone, make run, try what the banner says, stop, start again.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: clones the repository and builds it from there")
	}
	n := arrive(t)
	first := n.run(t)
	n.waits(t, first, ready)
	passwords := n.readsBanner(t, first)
	n.triesCommands(t, first)
	n.reachesBothLoopbacks(t)
	n.signsIn(t, passwords)
	n.findsSecretsSafe(t)
	n.stops(t, first)

	second := n.run(t)
	n.waits(t, second, ready)
	if again := n.readsBanner(t, second); again["admin@example.com"] != passwords["admin@example.com"] {
		t.Error("the second run has other passwords")
	}
	n.losesAService(t, second)

	n.meetsATakenPort(t)

	third := n.run(t)
	n.waits(t, third, ready)
	n.endsMake(t, third)
	n.findsNothingChanged(t)
}

// arrive clones what is committed.
func arrive(t testing.TB) newcomer {
	t.Helper()
	root, err := stack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := git(t, root, "rev-parse", "--verify", "HEAD:e2e/main.go"); err != nil {
		t.Skipf("%s is no git repository with this commit in it: there is nothing to clone (%v)", root, err)
	}
	if changed, err := git(t, root, "status", "--porcelain"); err == nil && changed != "" {
		t.Logf("not committed, and so not in the clone:\n%s", changed)
	}
	clone := filepath.Join(t.TempDir(), "storefront")
	if out, err := git(t, root, "clone", "--quiet", root, clone); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	base, err := stack.FreeBase()
	if err != nil {
		t.Fatal(err)
	}
	return newcomer{clone, base}
}

func git(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// environment is this process's, without what a make around it has left there.
func (n newcomer) environment() []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "MAKE") && name != "MFLAGS" && name != "GOWORK" && !strings.HasSuffix(name, "_PASSWORD") && name != "BASE_URL" {
			env = append(env, pair)
		}
	}
	return append(env, fmt.Sprintf("DEMO_PORT_BASE=%d", n.base))
}

func (n newcomer) run(t testing.TB) *terminal {
	t.Helper()
	r := &terminal{cmd: exec.Command("make", "run"), done: make(chan struct{})}
	r.cmd.Dir, r.cmd.Env = n.clone, n.environment()
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's foreground group
	r.cmd.WaitDelay = patience                              // what make has started may outlive it, and says so
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.cmd.Wait()
		close(r.done)
	}()
	t.Cleanup(func() {
		select {
		case <-r.done:
		default:
			_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT) // our own group
			<-r.done
		}
		if t.Failed() {
			t.Log(r.out.String())
		}
	})
	return r
}

// waits for a text on the terminal.
func (n newcomer) waits(t testing.TB, r *terminal, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		select {
		case <-r.done:
			cancel() // what has not come by now comes no more
		case <-ctx.Done():
		}
	}()
	start := time.Now()
	if err := r.out.await(ctx, text); err != nil {
		t.Fatalf("make run: %v", err)
	}
	t.Logf("%q after %s", text, time.Since(start).Round(time.Millisecond))
}

func (n newcomer) ends(t testing.TB, r *terminal) {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(patience):
		t.Fatal("make run does not end")
	}
}

func (n newcomer) url(offset int) string { return fmt.Sprintf("http://localhost:%d", n.base+offset) }

// readsBanner gives the passwords by e-mail.
func (n newcomer) readsBanner(t testing.TB, r *terminal) map[string]string {
	t.Helper()
	banner := r.out.String()
	for _, want := range []string{n.url(0), "stand-in", filepath.Join(n.clone, ".data", "secrets"), strconv.Itoa(n.base + 1), strconv.Itoa(n.base + 2), strconv.Itoa(n.base + 11)} {
		if !strings.Contains(banner, want) {
			t.Errorf("the banner lacks %q", want)
		}
	}
	passwords := map[string]string{}
	for _, line := range regexp.MustCompile(`(?m)^ +(\w+@example\.com) +(\S{8,}) +(admin|branch-manager|customer),`).FindAllStringSubmatch(banner, -1) {
		passwords[line[1]] = line[2]
	}
	if len(passwords) != 3 {
		t.Fatalf("the banner has %d demo users, want 3", len(passwords))
	}
	return passwords
}

// triesCommands runs what the banner says, as it says it.
func (n newcomer) triesCommands(t testing.TB, r *terminal) {
	t.Helper()
	commands := regexp.MustCompile(`(?m)^ +(curl .*)$`).FindAllStringSubmatch(r.out.String(), -1)
	expected := []string{`"id":1`, "401 Unauthorized", `"quantity":`}
	if len(commands) != len(expected) {
		t.Fatalf("the banner has %d curl commands, want %d", len(commands), len(expected))
	}
	for i, command := range commands {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command[1])
		cmd.Dir = n.clone
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), expected[i]) {
			t.Errorf("%s\ngives %v, want %q in:\n%s", command[1], err, expected[i], out)
		}
	}
}

func (n newcomer) reachesBothLoopbacks(t testing.TB) {
	t.Helper()
	hosts := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		_ = l.Close()
		hosts = append(hosts, "::1")
	} else {
		t.Logf("no IPv6 loopback here: %v", err)
	}
	for _, host := range hosts {
		for offset, path := range map[int]string{0: "/products", 1: "/healthz", 2: "/healthz", 11: "/.well-known/openid-configuration"} {
			page, err := browser.New().Get(t.Context(), "http://"+net.JoinHostPort(host, strconv.Itoa(n.base+offset))+path)
			if err != nil || page.Status != http.StatusOK {
				t.Errorf("%s on %s, base+%d: %d, %v", path, host, offset, page.Status, err)
			}
		}
	}
}

func (n newcomer) signsIn(t testing.TB, passwords map[string]string) {
	t.Helper()
	b := browser.New()
	if err := b.SignIn(t.Context(), n.url(0), browser.Person{Email: "customer@example.com", Password: passwords["customer@example.com"]}); err != nil {
		t.Fatal(err)
	}
	if page := get(t, b, n.url(0)+"/"); !strings.Contains(string(page.Body), "Sign out") {
		t.Error("the home page does not know who has signed in")
	}
}

func (n newcomer) findsSecretsSafe(t testing.TB) {
	t.Helper()
	dir := filepath.Join(n.clone, ".data", "secrets")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d secrets, %v", dir, len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", f.Name(), info.Mode())
		}
	}
	n.findsNothingChanged(t)
}

func (n newcomer) findsNothingChanged(t testing.TB) {
	t.Helper()
	if status, err := git(t, n.clone, "status", "--porcelain"); err != nil || status != "" {
		t.Errorf("git status after make run: %v\n%s", err, status)
	}
}

// stops by Ctrl-C: the terminal sends SIGINT to all of its foreground group.
func (n newcomer) stops(t testing.TB, r *terminal) {
	t.Helper()
	if err := syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	n.waits(t, r, "all services have stopped")
	n.ends(t, r)
	if strings.Contains(r.out.String(), " died ") {
		t.Error("Ctrl-C has hit the services as well")
	}
	n.findsPortsFree(t)
}

func (n newcomer) findsPortsFree(t testing.TB) {
	t.Helper()
	if err := stack.Vacant(n.base); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

// losesAService kills catalog: the rest must stop, and the terminal say which one it was.
func (n newcomer) losesAService(t testing.TB, r *terminal) {
	t.Helper()
	pid := processOf(filepath.Join(n.clone, ".data", "bin", "catalog"))
	if pid == 0 {
		t.Log("not tried: this system does not tell which process runs a binary")
		n.stops(t, r)
		return
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	n.waits(t, r, "catalog died (signal: killed); its last lines:")
	n.ends(t, r)
	if r.cmd.ProcessState.Success() {
		t.Error("make run ends well although a service has died")
	}
	n.findsPortsFree(t)
}

// processOf finds the process that runs a binary, or 0.
func processOf(binary string) int {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == binary {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			return pid
		}
	}
	return 0
}

func (n newcomer) meetsATakenPort(t testing.TB) {
	t.Helper()
	port := strconv.Itoa(n.base + 1)
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	r := n.run(t)
	n.ends(t, r)
	_ = l.Close()
	if r.cmd.ProcessState.Success() {
		t.Error("make run ends well on a taken port")
	}
	for _, want := range []string{"port " + port + " (catalog) is taken", "DEMO_PORT_BASE="} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("the message lacks %q:\n%s", want, r.out.String())
		}
	}
	n.findsPortsFree(t)
}

// endsMake sends SIGTERM to make alone, as a supervisor does: nothing may be left behind.
func (n newcomer) endsMake(t testing.TB, r *terminal) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	n.waits(t, r, "all services have stopped")
	n.ends(t, r)
	n.findsPortsFree(t)
}
