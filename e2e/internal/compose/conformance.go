package compose

import (
	"context"
	"fmt"
	"io"
	"os/exec"
)

// Conformance runs the black-box tests of the stand-in against the project's identity server, as this machine's browsers reach it, with
// the environment that its kickstart was run with.
func (p Project) Conformance(ctx context.Context, out io.Writer) error {
	config, err := p.Config(ctx)
	if err != nil {
		return err
	}
	settings := config.Services["fusionauth"].Environment
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "./fusionauth/internal/idp")
	cmd.Dir = p.Root
	cmd.Env = append([]string{}, p.Env...)
	for name, value := range settings {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "FUSIONAUTH_CONFORMANCE_URL="+settings["FUSIONAUTH_ISSUER"])
	if err := show(cmd, out); err != nil {
		return fmt.Errorf("conformance of %s: %w", settings["FUSIONAUTH_ISSUER"], err)
	}
	return nil
}
