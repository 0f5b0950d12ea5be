package bench_test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"storefront/e2e/internal/bench"
)

// These tests are not parallel: to others, who measure this process, what they start would be a part of it that comes and goes.

// shell runs a script that says when it is ready, and ends with the test, with all that it has started.
func shell(t *testing.T, script string) (pid int, next func() string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	next = func() string {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the script has ended")
		}
		return lines.Text()
	}
	return cmd.Process.Pid, next
}

// What the children of a process do, and theirs, is what it does.
func TestFamily(t *testing.T) {
	pid, next := shell(t, `(sh -c 'echo $$; while :; do :; done' & wait) & wait`)
	grandchild := next()
	all, err := bench.Family([]int{pid})
	if err != nil || all[0] != pid || len(all) < 3 {
		t.Fatalf("Family(%d) = %v, %v, which should end with %s", pid, all, err, grandchild)
	}
	for began := time.Now(); ; {
		alone, err1 := bench.Spent([]int{pid})
		together, err2 := bench.Spent(all)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if together >= alone+50*time.Millisecond {
			return
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("a child that never rests has spent %s", together-alone)
		}
	}
}

func TestFamily_leavesOthersOut(t *testing.T) {
	pid, next := shell(t, `echo ready; sleep 60`)
	next()
	all, err := bench.Family([]int{pid})
	if err != nil || slices.Contains(all, os.Getpid()) || slices.Contains(all, 1) {
		t.Errorf("Family = %v, %v", all, err)
	}
}

// The memory of the children counts.
func TestPeak(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pid, next := shell(t, `HOLD=1 "`+self+`" & wait`)
	next()
	all, err := bench.Family([]int{pid})
	if err != nil {
		t.Fatal(err)
	}
	alone, err1 := bench.Peak([]int{pid})
	together, err2 := bench.Peak(all)
	if err1 != nil || err2 != nil || together < alone+held {
		t.Errorf("Peak = %d of a shell, %d with its child, %v, %v; the child holds %d", alone, together, err1, err2, held)
	}
}

// What a process let go of before the window is not of the window.
func TestForgetPeak(t *testing.T) {
	const large = held
	before, err := bench.Peak([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Munmap(hold()); err != nil {
		t.Fatal(err)
	}
	high, err := bench.Peak([]int{os.Getpid()})
	if err != nil || high < before || high < large {
		t.Fatalf("Peak = %d, %v, want at least %d", high, err, large)
	}
	bench.ForgetPeak([]int{os.Getpid()})
	if low, err := bench.Peak([]int{os.Getpid()}); err != nil || low > high-large/2 {
		t.Errorf("Peak = %d after %d, %v, though %d bytes are gone", low, high, err, large)
	}
}

func TestSpent_processGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := bench.Spent([]int{cmd.Process.Pid}); err == nil {
		t.Error("Spent of a process that has ended = nil error")
	}
	if _, err := bench.Peak([]int{cmd.Process.Pid}); err == nil {
		t.Error("Peak of a process that has ended = nil error")
	}
}

// What is measured has a core of its own.
func TestDivide(t *testing.T) {
	if runtime.NumCPU() == 1 {
		t.Log("one core cannot be divided: both are on it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "DIVIDE=1")
	out, err := cmd.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(lines) != 2 {
		t.Fatalf("%q, %v", out, err)
	}
	if strings.ContainsAny(lines[0], "-,") || (lines[0] == lines[1]) != (runtime.NumCPU() == 1) {
		t.Errorf("measured: %s; the rest: %s", lines[0], lines[1])
	}
}
