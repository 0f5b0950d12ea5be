package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// workshop is what a command needs for stacks of its own: programs that were built just now, fresh secrets, free ports, and a directory.
// What is started in it ends with it, and the directory goes. It keeps away from the secrets of `make run`.
type workshop struct {
	root, dir string
	cfg       stack.Config
	stops     []func() error // of what runs, first started first
}

// openWorkshop makes one, for stacks with the environment. Close it.
func openWorkshop(ctx context.Context, env map[string]string) (*workshop, error) {
	w := &workshop{}
	var err error
	if w.root, err = stack.Root("."); err != nil {
		return nil, err
	}
	w.cfg = stack.Config{Bin: filepath.Join(w.root, ".data", "bin"), Env: env}
	if err := stack.Build(ctx, w.root, w.cfg.Bin, os.Stderr, nil); err != nil {
		return nil, err
	}
	if w.cfg.Base, err = stack.FreeBase(); err != nil {
		return nil, err
	}
	if w.dir, err = os.MkdirTemp("", "storefront-workshop-"); err != nil {
		return nil, err
	}
	w.cfg.Keys = filepath.Join(w.dir, "keys")
	if w.cfg.Secrets, err = stack.OpenSecrets(filepath.Join(w.dir, "secrets"), nil); err != nil {
		_ = w.close()
		return nil, err
	}
	return w, nil
}

func (w *workshop) close() error {
	var err error
	for _, stop := range slices.Backward(w.stops) {
		err = errors.Join(err, stop())
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

// start starts a stack.
func (w *workshop) start(ctx context.Context, cfg stack.Config) (*stack.Stack, error) {
	s, err := stack.Start(ctx, cfg)
	if err == nil {
		w.stops = append(w.stops, s.Stop)
	}
	return s, err
}

// startAnother starts one more stack, on ports and with an environment of its own, and gives a token of its admin.
func (w *workshop) startAnother(ctx context.Context, change func(*stack.Config)) (s *stack.Stack, token string, err error) {
	cfg := w.cfg
	cfg.Env = maps.Clone(cfg.Env)
	if cfg.Base, err = stack.FreeBase(); err != nil {
		return nil, "", err
	}
	change(&cfg)
	if s, err = w.start(ctx, cfg); err != nil {
		return nil, "", err
	}
	token, err = browser.New().AccessToken(ctx, stack.App(cfg.Base, cfg.Secrets), stack.People(cfg.Secrets)["admin"])
	return s, token, err
}
