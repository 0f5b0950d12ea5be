package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Container is one container of the project, as `docker compose ps` sees it.
type Container struct {
	ID       string `json:"ID"`
	Service  string `json:"Service"`
	State    string `json:"State"`  // running, exited, restarting, …
	Health   string `json:"Health"` // healthy, unhealthy, starting, or "" where nobody looks
	ExitCode int    `json:"ExitCode"`
}

// Containers lists the containers of the project, whatever state they are in.
func (p Project) Containers(ctx context.Context) ([]Container, error) {
	text, err := p.Output(ctx, "ps", "--all", "--no-trunc", "--format", "json")
	if err != nil {
		return nil, err
	}
	var containers []Container
	for lines := json.NewDecoder(strings.NewReader(text)); ; {
		var c Container
		switch err := lines.Decode(&c); {
		case errors.Is(err, io.EOF):
			return containers, nil
		case err != nil:
			return nil, fmt.Errorf("docker compose ps: %w", err)
		}
		containers = append(containers, c)
	}
}

// well reports whether a container does what it should. One that was made and not started waits for another.
func (c Container) well() bool {
	return c.State == "created" || c.State == "running" && (c.Health == "" || c.Health == "healthy")
}

func (c Container) String() string {
	switch c.State {
	case "running":
		return fmt.Sprintf("%s is %s", c.Service, c.Health)
	case "exited":
		return fmt.Sprintf("%s has exited (code %d)", c.Service, c.ExitCode)
	default:
		return fmt.Sprintf("%s is %s", c.Service, c.State)
	}
}

// explain says which containers are not well, their last words, and what to do. docker compose itself says the first of it alone.
func (p Project) explain(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second) // also when cause is that ctx has ended
	defer cancel()
	faults := []error{fmt.Errorf("the demo did not come up: %w", cause)}
	containers, err := p.Containers(ctx)
	if err != nil {
		return errors.Join(append(faults, err)...)
	}
	for _, c := range containers {
		if !c.well() {
			faults = append(faults, p.lastWords(ctx, c))
		}
	}
	return errors.Join(append(faults, p.advice(ctx, containers, cause)...)...)
}

func (p Project) lastWords(ctx context.Context, c Container) error {
	text, err := p.Output(ctx, "logs", "--no-color", "--no-log-prefix", "--tail", "12", c.Service)
	if text = strings.TrimSpace(text); err != nil || text == "" {
		return fmt.Errorf("%s, without a word", c)
	}
	return fmt.Errorf("%s; its last lines:\n    %s", c, strings.ReplaceAll(text, "\n", "\n    "))
}

// advice is what helps, as far as that can be told from outside.
func (p Project) advice(ctx context.Context, containers []Container, cause error) []error {
	var advice []error
	say := func(format string, args ...any) { advice = append(advice, fmt.Errorf(format, args...)) }
	if f, ok := errors.AsType[*failure](cause); ok && portTaken(f.said) {
		say("a port is taken by another program: stop it, or move ours, for example: GATEWAY_PORT=13000 FUSIONAUTH_PORT=19011 %s", p.target())
	}
	for _, c := range containers {
		if c.Service == "fusionauth" && !p.Local && !c.well() {
			say("a kickstart runs on an empty database alone. After a first start that was cut short, or a changed kickstart or password, begin anew:\n    docker compose down -v && make up")
		}
	}
	if apart, err := p.clockSkew(ctx); err == nil && apart.Abs() > tolerated {
		say("the engine's clock is %s apart from this machine's, and tokens are refused when clocks differ: set them (restarting Docker's virtual machine does)", apart)
	}
	return append(advice, errors.New("make down ends what did start; docker compose logs -f shows the rest"))
}

func portTaken(said string) bool {
	return strings.Contains(said, "port is already allocated") || strings.Contains(said, "address already in use")
}

// tolerated is how far clocks may be apart, as the services see it.
const tolerated = 30 * time.Second

// clockSkew is how far the engine's clock is ahead of ours. Engines in virtual machines fall behind while a laptop sleeps.
func (p Project) clockSkew(ctx context.Context) (time.Duration, error) {
	text, err := output(p.docker(ctx, "info", "--format", "{{.SystemTime}}"))
	if err != nil {
		return 0, err
	}
	theirs, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(text))
	if err != nil {
		return 0, err
	}
	return time.Until(theirs).Round(time.Second), nil
}
