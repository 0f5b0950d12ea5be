package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"storefront/e2e/internal/browser"
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
	data := filepath.Join(root, ".data")
	secrets, err := stack.OpenSecrets(filepath.Join(data, "secrets"), env)
	return demo{root, data, base, secrets}, err
}

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
	s, err := stack.Start(ctx, stack.Config{Bin: bin, Base: d.base, Secrets: d.secrets, Env: env, Log: out, Colour: out.colour})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(out, s.Banner(filepath.Join(d.data, "secrets")))
	died := s.Wait(ctx)
	_, _ = fmt.Fprintln(out, "\nstopping …")
	if err := errors.Join(died, s.Stop()); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "all services have stopped")
	return nil
}

// printToken signs a demo user in at the running demo and prints the access token.
func printToken(ctx context.Context, env map[string]string, name string, out terminal) error {
	d, err := openDemo(env)
	if err != nil {
		return err
	}
	who, known := stack.People(d.secrets)[name]
	if !known {
		return fmt.Errorf("there is no demo user %q\n%s", name, usage)
	}
	token, err := browser.New().AccessToken(ctx, stack.App(d.base, d.secrets), who)
	if err != nil {
		return fmt.Errorf("%w\nis the demo running (make run), on the same DEMO_PORT_BASE?", err)
	}
	_, err = fmt.Fprintln(out, token)
	return err
}
