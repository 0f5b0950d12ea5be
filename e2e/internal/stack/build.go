package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Root finds the repository: the nearest directory at or above dir that has a go.work.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.work")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in the repository: no go.work at or above it", dir)
		}
	}
}

// Build puts the binaries of the named services into bin, of all where none is named. flags go to go build as they stand.
func Build(ctx context.Context, root, bin string, out io.Writer, names []string, flags ...string) error {
	if err := os.MkdirAll(bin, 0o750); err != nil {
		return err
	}
	// Linking without symbol tables takes half the time; stack traces do not need them.
	args := append([]string{"build", "-o", bin + string(filepath.Separator), "-ldflags=-s -w"}, flags...)
	for _, svc := range services {
		if len(names) == 0 || slices.Contains(names, svc.name) {
			args = append(args, "./"+svc.name)
		}
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own folders
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, out, out
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(root, "go.work")) // four modules at once, also where GOWORK=off is set
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the services: %w", err)
	}
	return nil
}

// printed runs a program to its end and gives what it wrote to stdout.
func printed(ctx context.Context, binary string, env []string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // a binary that Build made
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", errors.Join(err, errors.New(strings.TrimSpace(stderr.String())))
	}
	return stdout.String(), nil
}

func nonEmptyLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
