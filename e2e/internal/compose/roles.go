package compose

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Run is one run of the e2e image on the project's networks, where every service can be reached.
type Run struct {
	Args    []string
	Env     map[string]string // beside what docker-compose.yml gives it
	Reports map[string]string // files to write, by the variable that names each
	Out     io.Writer
}

// Roles lets the e2e image try the role matrix. It tells it which routes the services register and which images they are.
func (p Project) Roles(ctx context.Context, run Run) error {
	routes, err := p.Routes(ctx)
	if err != nil {
		return err
	}
	images, err := p.Images(ctx)
	if err != nil {
		return err
	}
	args := []string{"run", "--rm", "--no-TTY", "--no-deps", "--env", "ROUTES_FILE=/dev/stdin", "--env", "IMAGES=" + strings.Join(images, " ")}
	for name, value := range run.Env {
		args = append(args, "--env", name+"="+value)
	}
	mounts, err := reportMounts(run.Reports)
	if err != nil {
		return err
	}
	cmd := p.Command(ctx, append(append(append(args, mounts...), "e2e"), run.Args...)...)
	cmd.Stdin = strings.NewReader(routes)
	if err := show(cmd, run.Out); err != nil {
		return fmt.Errorf("role matrix in a container: %w", err)
	}
	return nil
}

// reportMounts gives the container the directories of the reports, and the user who may write there.
func reportMounts(reports map[string]string) ([]string, error) {
	var args []string
	for name, path := range reports {
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, err
		}
		inside := "/" + strings.ToLower(name)
		args = append(args, "--volume", filepath.Dir(path)+":"+inside+":z", "--env", name+"="+inside+"/"+filepath.Base(path))
	}
	if len(args) > 0 {
		args = append(args, "--user", fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()))
	}
	return args, nil
}

// Routes lists what the running services register, as lines of "service METHOD /path/:id".
func (p Project) Routes(ctx context.Context) (string, error) {
	var lines strings.Builder
	for _, service := range []string{"gateway", "catalog", "inventory"} {
		text, err := p.Output(ctx, "exec", "--no-TTY", service, "/service", "routes")
		if err != nil {
			return "", fmt.Errorf("list routes of %s (does it run? make up): %w", service, err)
		}
		for route := range strings.Lines(text) {
			lines.WriteString(service + " " + strings.TrimSpace(route) + "\n")
		}
	}
	return lines.String(), nil
}

// Images lists the images that the containers were made of, as "service=sha256:…".
func (p Project) Images(ctx context.Context) ([]string, error) {
	ids, err := p.Output(ctx, "ps", "--quiet")
	if err != nil {
		return nil, err
	}
	const format = `{{index .Config.Labels "com.docker.compose.service"}}={{.Image}}`
	text, err := output(p.docker(ctx, append([]string{"inspect", "--format", format}, strings.Fields(ids)...)...))
	return strings.Fields(text), err
}
