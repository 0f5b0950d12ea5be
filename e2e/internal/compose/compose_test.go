package compose_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"storefront/e2e/internal/compose"
	"storefront/e2e/internal/stack"
)

// TestMain ends the containers that the tests share.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// shared is one project of containers, with the images of this very tree. Tests that disturb it leave it as they found it.
var shared demo

type demo struct {
	project compose.Project
	config  compose.Config

	images, containers once
}

// once is what is done when it is first asked for.
type once struct {
	sync.Once
	err error
}

func (o *once) do(t testing.TB, f func(context.Context) error) {
	t.Helper()
	o.Do(func() { o.err = f(context.Background()) }) // for the tests to come as well
	if o.err != nil {
		t.Fatal(o.err)
	}
}

// tree returns a project of its own name and ports, which does not run. Without CONTAINERS=1 the test is skipped: not every machine has
// an engine, and the images take minutes.
func tree(t testing.TB) compose.Project {
	t.Helper()
	if os.Getenv("CONTAINERS") != "1" { //nolint:forbidigo // the switch of these tests
		t.Skip("needs a Docker engine: make check-containers")
	}
	p, err := newProject()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newProject(settings ...string) (compose.Project, error) {
	root, err := stack.Root(".")
	if err != nil {
		return compose.Project{}, err
	}
	base, err := stack.FreeBase()
	if err != nil {
		return compose.Project{}, err
	}
	proxy, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		return compose.Project{}, err
	}
	env := []string{"GOPROXY=" + strings.TrimSpace(string(proxy)), "GATEWAY_PORT=" + strconv.Itoa(base), "FUSIONAUTH_PORT=" + strconv.Itoa(base+11)}
	for _, name := range []string{"PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT"} { // and no setting of the demo
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return compose.Project{Root: root, Local: true, Name: "storefront-test-" + strings.ToLower(rand.Text()[:8]), Env: append(env, settings...)}, nil
}

// built gives the shared project with its images, which are built now if they are not there yet.
func built(t testing.TB) *demo {
	t.Helper()
	tree(t)
	shared.images.do(t, shared.build)
	return &shared
}

// running gives the shared project, which is built and started now if it does not run yet.
func running(t testing.TB) *demo {
	t.Helper()
	d := built(t)
	d.containers.do(t, d.start)
	return d
}

func (d *demo) build(ctx context.Context) (err error) {
	if d.project, err = newProject(); err != nil {
		return err
	}
	if d.config, err = d.project.Config(ctx); err != nil {
		return err
	}
	return d.project.Build(ctx, io.Discard, stack.Catalog, stack.Gateway, stack.Inventory, stack.Identity, "e2e")
}

func (d *demo) start(ctx context.Context) error {
	var out bytes.Buffer
	if err := d.project.Up(ctx, &out); err != nil {
		return fmt.Errorf("%w\n%s", err, out.String())
	}
	return nil
}

func (d *demo) stop() error {
	if d.project.Name == "" {
		return nil
	}
	return remove(d.project)
}

// remove ends a project of the tests and everything that belongs to it.
func remove(p compose.Project) error {
	_, err := p.Output(context.Background(), "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "1")
	return err
}

// docker runs docker and gives what it prints.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	text, err := tryDocker(t, args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return text
}

func tryDocker(t testing.TB, args ...string) (string, error) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	return strings.TrimSpace(string(text)), err
}
