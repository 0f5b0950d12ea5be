package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"storefront/e2e/internal/stack"
)

// demo is what `run` and `token` agree on: where things lie and which ports are used.
type demo struct {
	root, data string
	base       int
	secrets    stack.Secrets
}

func openDemo(env map[string]string) (demo, error) {
	root, err := stack.Root(".")
	if err != nil {
		return demo{}, err
	}
	base, err := stack.PortBase(env["DEMO_PORT_BASE"])
	if err != nil {
		return demo{}, err
	}
	d := demo{root: root, data: filepath.Join(root, ".data"), base: base}
	d.secrets, err = stack.OpenSecrets(d.secretsDir(), env)
	return d, err
}

func (d demo) secretsDir() string { return filepath.Join(d.data, "secrets") }
func (d demo) keys() string       { return filepath.Join(d.data, "keys") }

// runDemo is `make run`: it returns when it is told to stop, or when a service has died.
func runDemo(ctx context.Context, env map[string]string, out terminal) error {
	d, err := openDemo(env)
	if err != nil {
		return err
	}
	if err := stack.Vacant(d.base); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "building the four services …")
	bin := filepath.Join(d.data, "bin")
	if err := stack.Build(ctx, d.root, bin, out, nil); err != nil {
		return err
	}
	if err := stack.OpenKeys(ctx, bin, d.keys(), stack.DefaultKey); err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Config{
		Bin: bin, Base: d.base, Secrets: d.secrets, SecretFiles: d.secretsDir(), Data: d.data,
		Override: map[string]map[string]string{stack.Gateway: {"EXPLAIN_TOKENS": "true"}},
		Keys:     d.keys(), Env: env, Log: out, Colour: out.colour,
	})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(out, s.Banner(d.secretsDir()))
	died := s.Wait(ctx)
	_, _ = fmt.Fprintln(out, "\nstopping …")
	if err := errors.Join(died, s.Stop()); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "all services have stopped")
	return nil
}
