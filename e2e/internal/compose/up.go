package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
)

// Up builds the images, starts the containers and returns when all are healthy. Its error says which is not, why, and what to do.
func (p Project) Up(ctx context.Context, out io.Writer) error {
	if err := p.engine(ctx); err != nil {
		return err
	}
	config, err := p.Config(ctx)
	if err != nil {
		return err
	}
	if err := p.vacant(ctx, config); err != nil {
		return err
	}
	if err := p.pull(ctx, config, out); err != nil {
		return err
	}
	if err := p.Build(ctx, out, config.built()...); err != nil {
		return err
	}
	if err := p.Start(ctx, out); err != nil {
		return p.explain(ctx, err)
	}
	return nil
}

// waitSeconds is how long the containers may take to become healthy; FusionAuth's first start makes a database.
const waitSeconds = "300"

// Start starts the containers from images that are there, and returns when all are healthy. Containers that run already stay as they are.
func (p Project) Start(ctx context.Context, out io.Writer, services ...string) error {
	args := []string{"up", "--detach", "--wait", "--wait-timeout", waitSeconds, "--no-build", "--pull", "never", "--remove-orphans"}
	return show(p.Command(ctx, append(args, services...)...), out)
}

// Build makes the images of the named services, one after another: they have their first layers in common, which are then made once. Its
// many words are shown when it fails.
func (p Project) Build(ctx context.Context, out io.Writer, services ...string) error {
	for _, name := range services {
		_, _ = fmt.Fprintf(out, "building the image of %s …\n", name)
		if text, err := p.Command(ctx, "build", name).CombinedOutput(); err != nil {
			return fmt.Errorf("build the image of %s: %w\n%s", name, err, text)
		}
	}
	return nil
}

// Down ends the containers and removes them. What FusionAuth has stored stays.
func (p Project) Down(ctx context.Context, out io.Writer) error {
	if err := p.engine(ctx); err != nil {
		return err
	}
	return show(p.Command(ctx, "--profile", "*", "down", "--remove-orphans"), out)
}

// engine says what is missing before docker says it in many more words.
func (p Project) engine(ctx context.Context) error {
	if _, err := output(p.docker(ctx, "version", "--format", "{{.Server.Version}}")); err != nil {
		return fmt.Errorf("no Docker engine answers: %w\ninstall Docker, or start it, and try again; make run needs no Docker", err)
	}
	if _, err := output(p.docker(ctx, "compose", "version")); err != nil {
		return fmt.Errorf("docker has no compose plugin: %w\ninstall docker compose 2.24 or later; make run needs no Docker", err)
	}
	return nil
}

// started are the services that are part of the demo itself.
func (c Config) started() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.Services)), func(name string) bool { return len(c.Services[name].Profiles) > 0 })
}

// built are the services whose images are made here, one for each image.
func (c Config) built() []string {
	made := map[string]bool{}
	return slices.DeleteFunc(c.started(), func(name string) bool {
		svc := c.Services[name]
		again := svc.Build == nil || made[svc.Image]
		made[svc.Image] = true
		return again
	})
}

// target is what starts the project.
func (p Project) target() string {
	target := "make up"
	if p.Local {
		target = "make up-local"
	}
	if p.JWKS {
		target = "AUTH_MODE=jwks " + target
	}
	return target
}

// portSettings are the variables that move a published port.
var portSettings = map[string]string{"gateway": "GATEWAY_PORT", "fusionauth": "FUSIONAUTH_PORT"}

// vacant reports every port that another program holds. Those of containers of ours that run already are not taken by another.
func (p Project) vacant(ctx context.Context, config Config) error {
	running, err := p.Output(ctx, "ps", "--services", "--status", "running", "--status", "restarting")
	if err != nil {
		return err
	}
	var faults []error
	for _, name := range config.started() {
		if slices.Contains(strings.Fields(running), name) {
			continue
		}
		for _, port := range config.Services[name].Ports {
			if taken(net.JoinHostPort(port.HostIP, port.Published)) {
				faults = append(faults, fmt.Errorf("port %s (%s) is taken by another program: stop it, or move ours, for example: %s=1%s %s",
					port.Published, name, portSettings[name], port.Published[max(0, len(port.Published)-4):], p.target()))
			}
		}
	}
	return errors.Join(faults...)
}

func taken(addr string) bool {
	l, err := net.Listen("tcp", addr) //nolint:noctx // it is closed at once
	if err == nil {
		_ = l.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

// pull fetches the images that are not made here and not there yet.
func (p Project) pull(ctx context.Context, config Config, out io.Writer) error {
	for _, name := range config.started() {
		svc := config.Services[name]
		if svc.Build != nil {
			continue
		}
		if _, err := output(p.docker(ctx, "image", "inspect", "--format", "{{.Id}}", svc.Image)); err == nil {
			continue
		}
		if err := show(p.Command(ctx, "pull", name), out); err != nil {
			return fmt.Errorf("the image of %s, %s, cannot be pulled: %w\nmake up-local runs the demo with a stand-in for FusionAuth, which needs no image of it", name, svc.Image, err)
		}
	}
	return nil
}
