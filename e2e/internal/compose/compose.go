// Package compose runs the demo as containers: it drives `docker compose` with the repository's files, builds the images, waits until all
// are healthy, and says why when they are not. What the containers are and how they are wired stands in docker-compose.yml alone, and is
// read from there.
//
//	p := compose.Project{Root: root, Local: true, Env: os.Environ()}
//	err := p.Up(ctx, os.Stdout)
//	config, err := p.Config(ctx)
package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Project is the demo's containers. Root and Env are required.
type Project struct {
	Root  string   // of the repository
	Local bool     // with the stand-in in FusionAuth's place
	JWKS  bool     // with AUTH_MODE=jwks
	Name  string   // "" is the one that the file has
	Env   []string // of docker
}

// Command returns `docker compose` of the project with arguments.
func (p Project) Command(ctx context.Context, args ...string) *exec.Cmd {
	all := []string{"compose", "--ansi", "never", "--progress", "plain"}
	for _, name := range p.files() {
		all = append(all, "--file", filepath.Join(p.Root, name))
	}
	if p.Name != "" {
		all = append(all, "--project-name", p.Name)
	}
	return p.docker(ctx, append(all, args...)...)
}

// files are those that make the project up, each of which changes what the ones before say.
func (p Project) files() []string {
	files := []string{"docker-compose.yml"}
	if p.Local {
		files = append(files, "docker-compose.local.yml")
	}
	if p.JWKS {
		files = append(files, "docker-compose.jwks.yml")
	}
	return files
}

func (p Project) docker(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", args...) //nolint:gosec // arguments of our own
	cmd.Dir, cmd.Env = p.Root, p.Env
	return cmd
}

// Output runs `docker compose` of the project and gives what it prints.
func (p Project) Output(ctx context.Context, args ...string) (string, error) {
	return output(p.Command(ctx, args...))
}

// output runs a command and gives what it prints; its error says what the command had to say.
func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// show runs a command whose words people see as they come. The end of them is part of the error.
func show(cmd *exec.Cmd, out io.Writer) error {
	var said bytes.Buffer
	cmd.Stdout = io.MultiWriter(out, &said)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return &failure{err, said.String()}
	}
	return nil
}

// failure is a command that failed after it had said something, which people have seen.
type failure struct {
	error
	said string
}

func (f *failure) Unwrap() error { return f.error }

// Config is what the files and the environment come to.
type Config struct {
	Name     string             `json:"name"`
	Services map[string]Service `json:"services"`
	Networks map[string]Network `json:"networks"`
}

// Service is one service of a Config.
type Service struct {
	Image       string            `json:"image"`
	Build       *Build            `json:"build"` // nil when the image comes from a registry
	Profiles    []string          `json:"profiles"`
	Environment map[string]string `json:"environment"`
	Ports       []Port            `json:"ports"`
	Volumes     []Volume          `json:"volumes"`
	Networks    map[string]any    `json:"networks"`
	ReadOnly    bool              `json:"read_only"`
	CapDrop     []string          `json:"cap_drop"`
	SecurityOpt []string          `json:"security_opt"`
}

// Build says what an image is made of.
type Build struct {
	Context    string            `json:"context"`
	Dockerfile string            `json:"dockerfile"`
	Args       map[string]string `json:"args"`
}

// Port is a port that the machine publishes.
type Port struct {
	HostIP    string `json:"host_ip"`
	Published string `json:"published"`
	Target    int    `json:"target"`
}

// Volume is something mounted: a "bind" of a directory, or a "volume" that the engine keeps.
type Volume struct {
	Type     string `json:"type"`
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"read_only"`
	Bind     struct {
		SELinux string `json:"selinux"`
	} `json:"bind"`
}

// Network connects services. An internal one leads nowhere else.
type Network struct {
	Internal bool `json:"internal"`
}

// Config reads the files as docker compose does.
func (p Project) Config(ctx context.Context) (Config, error) {
	text, err := p.Output(ctx, "--profile", "*", "config", "--format", "json")
	if err != nil {
		return Config{}, fmt.Errorf("read docker-compose.yml: %w", err)
	}
	var config Config
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return Config{}, fmt.Errorf("read docker-compose.yml: %w", err)
	}
	return config, nil
}
