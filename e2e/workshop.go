package main

import (
	"context"
	"os"
	"path/filepath"

	"storefront/e2e/internal/stack"
)

// workshop is what a command needs for a stack of its own: programs that were built just now, fresh secrets, free ports, and a directory
// that goes with it. It keeps away from the secrets of `make run`.
type workshop struct {
	root, dir string
	cfg       stack.Config
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

func (w *workshop) close() error { return os.RemoveAll(w.dir) }
