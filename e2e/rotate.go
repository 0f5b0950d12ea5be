package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"storefront/e2e/internal/stack"
)

// runRotate is `make rotate-keys`: the gateway of the demo gets a new signing key, or a new session secret, without a restart.
func runRotate(ctx context.Context, env map[string]string, out terminal) error {
	d, err := openDemo(env)
	if err != nil {
		return err
	}
	if name := env["SECRET"]; name != "" {
		return rotateSecret(d, name, out)
	}
	bin := filepath.Join(d.data, "bin")
	if err := stack.Build(ctx, d.root, bin, out, nil); err != nil {
		return err
	}
	said, err := stack.RotateKeys(ctx, bin, d.keys(), cmp.Or(env["KEY"], stack.DefaultKey))
	_, _ = fmt.Fprint(out, said)
	return err
}

// rotateSecret puts a new value before the old one. Of the secrets the demo's services read this one from its file.
func rotateSecret(d demo, name string, out terminal) error {
	if name != "SESSION_SECRET" {
		return fmt.Errorf("SECRET: %q cannot be changed from here: CONTRIBUTING.md says how, under Changing a key or a secret; SESSION_SECRET can", name)
	}
	if err := stack.RotateSecret(d.secretsDir(), name); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s has a new first line, which seals from now on; what the one before sealed still opens\n", filepath.Join(d.secretsDir(), name))
	return nil
}
