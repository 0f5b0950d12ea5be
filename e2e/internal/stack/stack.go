// Package stack runs the whole system on this machine: the local identity server, catalog, inventory and gateway, each as a process of
// its own, as they would run anywhere. It builds them, makes the secrets that they need, gives each the settings that it needs and no
// more, waits until all are ready, and stops them together. What they do is none of its business.
//
//	s, err := stack.Start(ctx, stack.Config{Bin: bin, Base: 3000, Secrets: secrets, Log: os.Stdout})
//	…
//	defer s.Stop()
//	err = s.Wait(ctx) // nil when ctx ends, else which process died and its last lines
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Config says what to run and where. Bin, Base and Secrets are required, Keys where AUTH_MODE in Env is jwks.
type Config struct {
	Bin     string  // directory of the binaries that Build made
	Base    int     // the gateway's port; the others follow from it
	Secrets Secrets // of every service
	// SecretFiles is the directory that OpenSecrets was given. With it, services read from their files what they can, so that a
	// secret can change while they run.
	SecretFiles string
	// Data is the directory of the services' databases; "" is one that goes with the stack.
	Data    string
	Keys    string            // directory of the gateway's signing keys, which OpenKeys makes
	UserKey string            // algorithm of access tokens; "" is HS256, in jwks mode RS256
	Env     map[string]string // environment of this process, of which a few names pass through

	// Override adds settings for the service of that name, or replaces what the stack would set.
	Override map[string]map[string]string

	Log    io.Writer // the services' log lines; nil drops them
	Colour bool      // the prefixes of the lines
}

// Stack is a running system.
type Stack struct {
	cfg       Config
	addresses addresses
	out       *output
	processes []*process
	died      chan error // the processes that ended by themselves
	scratch   string     // a directory of our own, which goes with us; "" is none
}

// Start starts every service and returns when all are ready. On an error nothing is left running.
func Start(ctx context.Context, cfg Config) (*Stack, error) {
	addresses := newAddresses(cfg.Base)
	if err := addresses.vacant(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	s := &Stack{cfg: cfg, addresses: addresses, died: make(chan error, len(services))}
	s.out = newOutput(cfg.Log, cfg.Colour)
	if err := s.openData(); err != nil {
		return nil, err
	}
	for _, svc := range services {
		p, err := s.launch(ctx, svc, s.out)
		if err != nil {
			return nil, errors.Join(err, s.Stop())
		}
		s.processes = append(s.processes, p)
	}
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) openData() (err error) {
	if s.cfg.Data != "" {
		return nil
	}
	s.scratch, err = os.MkdirTemp("", "storefront-data-")
	s.cfg.Data = s.scratch
	return err
}

// replicaOffset is the distance of the second gateway's port from the base.
const replicaOffset = 3

// Replicate starts a second gateway with the settings of the first, and returns its own address. It ends with the others.
func (s *Stack) Replicate(ctx context.Context) (string, error) {
	svc, err := serviceNamed(Gateway)
	if err != nil {
		return "", err
	}
	svc.offset = replicaOffset
	p, err := s.launch(ctx, svc, s.out)
	if err != nil {
		return "", err
	}
	s.processes = append(s.processes, p)
	return "http://localhost:" + s.addresses.port(svc), s.await(ctx, svc)
}

// Kill ends the first process of that name as kill -9 does, and returns when it is gone. It stays away until Restart.
func (s *Stack) Kill(name string) error {
	p, err := s.first(name)
	if err != nil {
		return err
	}
	p.asked.Store(true)
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", name, err)
	}
	<-p.ended
	return nil
}

// Restart starts what Kill has ended, on the same port with the same settings, and returns when it is ready.
func (s *Stack) Restart(ctx context.Context, name string) error {
	p, err := s.first(name)
	if err != nil {
		return err
	}
	launched, err := s.launch(ctx, p.service, s.out)
	if err != nil {
		return err
	}
	s.processes[slices.Index(s.processes, p)] = launched
	return s.await(ctx, p.service)
}

func (s *Stack) first(name string) (*process, error) {
	for _, p := range s.processes {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no process is called %q", name)
}

// Wait returns nil when ctx ends, or an error as soon as a process has died.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case err := <-s.died:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Stop ends every process: all are asked, and killed when they do not end in time.
func (s *Stack) Stop() error {
	for _, p := range s.processes {
		p.ask()
	}
	var errs []error
	for _, p := range s.processes {
		errs = append(errs, p.await())
	}
	if s.scratch != "" {
		errs = append(errs, os.RemoveAll(s.scratch))
	}
	return errors.Join(errs...)
}

// URL is where the service of that name is reached.
func (s *Stack) URL(name string) string { return s.addresses.url(name) }

// PIDs are the process ids of the services, by name.
func (s *Stack) PIDs() map[string]int {
	pids := map[string]int{}
	for _, p := range s.processes {
		pids[p.name] = p.cmd.Process.Pid
	}
	return pids
}

// Routes lists the routes that the service registers, as "METHOD /path/:id".
func (s *Stack) Routes(ctx context.Context, name string) ([]string, error) {
	svc, err := serviceNamed(name)
	if err != nil {
		return nil, err
	}
	text, err := printed(ctx, s.cfg.binary(svc), s.environment(svc), "routes")
	if err != nil {
		return nil, fmt.Errorf("list routes of %s: %w", name, err)
	}
	return nonEmptyLines(text), nil
}
