package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"storefront/e2e/internal/chaos"
	"storefront/e2e/internal/stack"
)

// errChaos is the outcome of faults under which an answer was not honest, or after which something stayed away.
var errChaos = errors.New("a fault had worse consequences than it may have")

// backWithin is how soon all must be well again.
const backWithin = 2 * time.Second

// runChaos is `make chaos`: it spoils every line and kills every process of a stack of its own, and writes docs/chaos.md.
func runChaos(ctx context.Context, out terminal) error {
	root, err := stack.Root(".")
	if err != nil {
		return err
	}
	bin := filepath.Join(root, ".data", "bin")
	if err := stack.Build(ctx, root, bin, os.Stderr, nil); err != nil {
		return err
	}
	report, err := chaos.Run(ctx, chaos.Config{Bin: bin, Within: backWithin, Log: out})
	if err != nil {
		return err
	}
	if err := writeDocument(root, "chaos.md", report.Markdown()); err != nil {
		return err
	}
	if found := report.Findings(); len(found) > 0 {
		return fmt.Errorf("%w:\n%s", errChaos, strings.Join(found, "\n"))
	}
	_, err = fmt.Fprintln(out, "written to", filepath.Join(root, "docs", "chaos.md"))
	return err
}
