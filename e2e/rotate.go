package main

import (
	"context"
	"fmt"
	"path/filepath"

	"storefront/e2e/internal/stack"
)

// runRotate is `make rotate-keys`: the gateway of the demo signs with a new key from the next minute on, without a restart.
func runRotate(_ context.Context, env map[string]string, out terminal) error {
	root, err := stack.Root(".")
	if err != nil {
		return err
	}
	algorithm := env["KEY"]
	if algorithm == "" {
		algorithm = "ES256"
	}
	dir := filepath.Join(root, ".data", "keys")
	if err := stack.OpenKeys(dir, algorithm); err != nil {
		return err
	}
	if err := stack.AddKey(dir, algorithm); err != nil {
		return err
	}
	removed, err := stack.RetireKeys(dir)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "a new %s key is in %s: it is published now and signs in a minute; the one before verifies on\n", algorithm, dir)
	for _, path := range removed {
		_, _ = fmt.Fprintf(out, "removed %s, whose last token has expired\n", filepath.Base(path))
	}
	return nil
}
