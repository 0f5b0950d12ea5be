// Package arena is a stack of our own that the attack suite controls in full: a tap stands between the gateway and its services, a liar
// between the gateway and the identity server. Until they are told otherwise both pass on what they hear.
//
//	a, err := arena.Start(ctx, stack.Config{Bin: bin, Base: base, Secrets: secrets})
//	defer a.Stop()
//	target := a.Equip(target)
package arena

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"storefront/e2e/internal/attack"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// Arena is a running stack with what stands between its parts.
type Arena struct {
	*stack.Stack
	cfg     stack.Config
	tap     *tap
	liar    *liar
	servers []*httptest.Server
}

// Start starts the stack of cfg, whose own overrides win.
func Start(ctx context.Context, cfg stack.Config) (*Arena, error) {
	app := stack.App(cfg.Base, cfg.Secrets)
	liar, err := newLiar(app)
	if err != nil {
		return nil, err
	}
	a := &Arena{cfg: cfg, tap: newTap(), liar: liar}
	a.tap.catalog = a.serve(httptest.NewServer(a.tap.before(stack.Catalog, address(cfg.Base, 1))))
	a.tap.inventory = a.serve(httptest.NewServer(a.tap.before(stack.Inventory, address(cfg.Base, 2))))
	gateway := map[string]string{
		"CATALOG_URL": a.tap.catalog, "INVENTORY_URL": a.tap.inventory,
		"FUSIONAUTH_URL": a.serve(httptest.NewServer(liar)), "FUSIONAUTH_PUBLIC_URL": app.Identity, "FUSIONAUTH_ISSUER": app.Identity,
	}
	override := map[string]map[string]string{}
	maps.Copy(override, cfg.Override)
	maps.Copy(gateway, cfg.Override[stack.Gateway])
	override[stack.Gateway] = gateway
	cfg.Override = override
	if a.Stack, err = stack.Start(ctx, cfg); err != nil {
		a.closeServers()
		return nil, err
	}
	return a, nil
}

func address(base, offset int) string { return fmt.Sprintf("http://localhost:%d", base+offset) }

func (a *Arena) serve(s *httptest.Server) string {
	a.servers = append(a.servers, s)
	return s.URL
}

func (a *Arena) closeServers() {
	for _, s := range a.servers {
		s.CloseClientConnections()
		s.Close()
	}
}

// Stop ends all of it.
func (a *Arena) Stop() error {
	defer a.closeServers()
	return a.Stack.Stop()
}

// Equip gives the suite control over what stands between.
func (a *Arena) Equip(target matrix.Target) attack.Target {
	return attack.Target{Target: target, Tap: a.tap, Liar: a.liar, Begin: a.begin}
}

// startTime is far longer than a gateway takes to find its settings wrong.
const startTime = 20 * time.Second

// begin starts one more gateway on a free port and ends it as soon as it listens.
func (a *Arena) begin(ctx context.Context, settings map[string]string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(a.cfg.Bin, stack.Gateway)) //nolint:gosec // a binary that Build made
	env := map[string]string{"ADDR": "127.0.0.1:0", "AUTH_MODE": a.cfg.Env["AUTH_MODE"]}
	for _, name := range []string{"JWT_SIGNING_KEY", "SESSION_SECRET", "FUSIONAUTH_CLIENT_SECRET"} {
		env[name] = a.cfg.Secrets[name]
	}
	if env["AUTH_MODE"] == "jwks" {
		delete(env, "JWT_SIGNING_KEY")
		env["GATEWAY_SIGNING_KEYS"] = a.cfg.Keys
	}
	maps.Copy(env, settings)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out := &listener{found: cancel}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	said, serves := out.result()
	if serves {
		return said, attack.ErrServes
	}
	if err == nil {
		return said, errors.New("it ended with exit status 0")
	}
	if _, ended := errors.AsType[*exec.ExitError](err); !ended || ctx.Err() != nil {
		return said, fmt.Errorf("run gateway: %w", err)
	}
	return said, nil
}

// listener keeps what a gateway says, and notices that it listens.
type listener struct {
	mu     sync.Mutex
	text   bytes.Buffer
	serves bool
	found  func()
}

// Write implements io.Writer.
func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if strings.Contains(l.text.String(), "listening") {
		l.serves = true
		l.found()
	}
	return len(p), nil
}

func (l *listener) result() (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String(), l.serves
}
