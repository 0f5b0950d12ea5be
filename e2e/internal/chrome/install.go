package chrome

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// names are those under which systems have the browser; Debian has the first.
var names = []string{"chromium", "chromium-browser", "google-chrome"}

// packages are what Debian needs for it: the browser, and letters to draw.
var packages = []string{"chromium", "fonts-dejavu-core"}

// find gives the path of a browser, and has it installed when there is none.
func find(ctx context.Context, look func(string) (string, error), install func(context.Context) error) (string, error) {
	search := func() string {
		for _, name := range names {
			if path, err := look(name); err == nil {
				return path
			}
		}
		return ""
	}
	if path := search(); path != "" {
		return path, nil
	}
	by := "apt-get install -y --no-install-recommends " + strings.Join(packages, " ")
	if err := install(ctx); err != nil {
		return "", fmt.Errorf("the browser tests need chromium (%s): %w", by, err)
	}
	if path := search(); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("there is no chromium even after %s", by)
}

// install has Debian's package manager do it, for root alone.
func install(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("only root can install it")
	}
	for _, args := range [][]string{{"update"}, append([]string{"install", "-y", "--no-install-recommends"}, packages...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...) //nolint:gosec // fixed words
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, text)
		}
	}
	return nil
}
