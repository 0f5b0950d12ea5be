package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	e2e "storefront/e2e"
	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// TestMain stops what the tests share, and looks whether something still runs. Everything is made when a test first asks for it.
func TestMain(m *testing.M) {
	code := m.Run()
	err := shared.stop()
	if err := errors.Join(err, goleak.Find(leftByToxiproxy)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// leftByToxiproxy are writers that it leaves behind when a connection is cut in the middle.
var leftByToxiproxy = goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run")

// shared is what the tests have in common: one directory with the binaries, one stack that no test changes, and one run of the matrix
// against it.
var shared common

type common struct {
	once    sync.Once
	err     error
	root    string
	dir     string // of binaries and secrets
	secrets stack.Secrets
	log     transcript
	target  matrix.Target
	stack   *stack.Stack

	// A run of the matrix or of the attack suite signs its users out everywhere, and those whom another test has signed in with them.
	logins sync.RWMutex
}

// use gives the shared stack, which is started now if it is not running yet.
func use(t testing.TB) *common {
	t.Helper()
	shared.once.Do(func() { shared.err = shared.start() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return &shared
}

// together gives the shared stack to a test that signs in there, for as long as it runs.
func together(t testing.TB) *stack.Stack {
	t.Helper()
	c := use(t)
	c.logins.RLock()
	t.Cleanup(c.logins.RUnlock)
	return c.stack
}

// alone is use for a test that ends other tests' sessions: for as long as it runs, no other one has any on the shared stack. Its subtests
// must not be parallel, or they wait for the turn of those that wait for their end.
func alone(t testing.TB) *common {
	t.Helper()
	c := use(t)
	c.logins.Lock()
	t.Cleanup(c.logins.Unlock)
	return c
}

func (c *common) start() (err error) {
	ctx := context.Background()
	if c.root, err = stack.Root("."); err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "storefront-e2e-"); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := stack.Build(ctx, c.root, c.bin(), &out, nil); err != nil {
		return fmt.Errorf("%w\n%s", err, out.String())
	}
	if text, err := exec.CommandContext(ctx, "go", "build", "-o", c.bin()+"/", ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build e2e: %w\n%s", err, text)
	}
	if c.secrets, err = stack.OpenSecrets(filepath.Join(c.dir, "secrets"), nil); err != nil {
		return err
	}
	base, err := stack.FreeBase()
	if err != nil {
		return err
	}
	if c.stack, err = stack.Start(ctx, stack.Config{Bin: c.bin(), Base: base, Secrets: c.secrets, Log: &c.log}); err != nil {
		return err
	}
	c.target, err = e2e.StackTarget(ctx, c.stack, base, c.secrets)
	return err
}

func (c *common) stop() error {
	if c.dir == "" {
		return nil
	}
	var err error
	if c.stack != nil {
		err = c.stack.Stop()
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

func (c *common) bin() string { return filepath.Join(c.dir, "bin") }

func (c *common) person(name string) browser.Person { return stack.People(c.secrets)[name] }

// ownStack starts a stack for one test, with settings of the test's own.
func ownStack(t testing.TB, bin string, override map[string]map[string]string) (*stack.Stack, matrix.Target) {
	t.Helper()
	base, err := stack.FreeBase()
	if err != nil {
		t.Fatal(err)
	}
	s := startAt(t, bin, base, override)
	target, err := e2e.StackTarget(t.Context(), s, base, use(t).secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s, target
}

// startAt starts a stack on known ports. Its log is shown when the test fails.
func startAt(t testing.TB, bin string, base int, override map[string]map[string]string) *stack.Stack {
	t.Helper()
	var log transcript
	s, err := stack.Start(t.Context(), stack.Config{Bin: bin, Base: base, Secrets: use(t).secrets, Override: override, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return s
}

// signedIn is a browser in which a demo user has signed in.
func signedIn(t testing.TB, s *stack.Stack, name string) *browser.Browser {
	t.Helper()
	b := browser.New()
	if err := b.SignIn(t.Context(), s.URL(stack.Gateway), use(t).person(name)); err != nil {
		t.Fatal(err)
	}
	return b
}

// get is one page, not followed.
func get(t testing.TB, b *browser.Browser, target string) browser.Page {
	t.Helper()
	page, err := b.Get(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// transcript is what programs have written so far. It can be waited for.
type transcript struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

// Write implements io.Writer.
func (r *transcript) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	return r.text.Write(p)
}

// String is all of it.
func (r *transcript) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// await returns when the text has appeared, or ctx has ended without it.
func (r *transcript) await(ctx context.Context, text string) error {
	for {
		found, changed := r.look(text)
		if found {
			return nil
		}
		select {
		case <-changed:
			continue
		case <-ctx.Done():
		}
		if found, _ := r.look(text); !found {
			return fmt.Errorf("%q did not appear: %w", text, context.Cause(ctx))
		}
	}
}

// look reports whether the text is there, and gives what is closed when more has come.
func (r *transcript) look(text string) (bool, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return strings.Contains(r.text.String(), text), r.changed
}
