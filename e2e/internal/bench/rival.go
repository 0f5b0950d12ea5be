package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// program is one that others wrote. It runs in the foreground, with a configuration of ours (deploy/bench) and a directory of its own.
type program struct {
	name string // of the binary and of Debian's package
	args func(dir, config string) []string
}

var (
	nginx   = program{"nginx", func(dir, config string) []string { return []string{"-e", "stderr", "-p", dir, "-c", config} }}
	haproxy = program{"haproxy", func(_, config string) []string { return []string{"-db", "-f", config} }}
)

// find gives the binary, also where sbin is not on the path.
func (p program) find() (string, error) {
	for _, at := range []string{p.name, "/usr/sbin/" + p.name} {
		if path, err := exec.LookPath(at); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: it is Debian's package %s", p.name, p.name)
}

// RivalsInstalled names every rival that is not.
func RivalsInstalled() error {
	_, noNginx := nginx.find()
	_, noHAProxy := haproxy.find()
	return errors.Join(noNginx, noHAProxy)
}

// Rivals starts programs with the configurations in Configs, in each of which every ${NAME} becomes its value. What they write is in Dir.
type Rivals struct {
	Configs, Dir string
	Values       map[string]string
}

// Rival is a program that runs.
type Rival struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Nginx starts nginx, and returns when it takes connections at the value of each name in listens.
func (r Rivals) Nginx(ctx context.Context, config string, listens ...string) (*Rival, error) {
	return r.start(ctx, nginx, config, listens)
}

// HAProxy does the same with HAProxy.
func (r Rivals) HAProxy(ctx context.Context, config string, listens ...string) (*Rival, error) {
	return r.start(ctx, haproxy, config, listens)
}

func (r Rivals) start(ctx context.Context, p program, config string, listens []string) (*Rival, error) {
	binary, err := p.find()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.Dir, config+".d")
	filled, err := r.fill(config, dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), binary, p.args(dir, filled)...) //nolint:gosec // a configuration of ours
	said := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = said, said, time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	rival := &Rival{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // each has its own way to say that it was asked to end
		close(rival.ended)
	}()
	for _, name := range listens {
		if err := rival.await(ctx, r.Values[name]); err != nil {
			rival.Stop()
			return nil, fmt.Errorf("%s does not listen on %s: %w\n%s", p.name, r.Values[name], err, said)
		}
	}
	return rival, nil
}

var placeholder = regexp.MustCompile(`\$\{[A-Z0-9_]+\}`)

// fill writes the configuration with its values into dir, since nginx takes none from its environment.
func (r Rivals) fill(config, dir string) (path string, err error) {
	text, err := os.ReadFile(filepath.Join(r.Configs, config))
	if err != nil {
		return "", err
	}
	var missing []string
	text = placeholder.ReplaceAllFunc(text, func(name []byte) []byte {
		value, ok := r.Values[string(name[2:len(name)-1])]
		if !ok {
			missing = append(missing, string(name))
		}
		return []byte(value)
	})
	if missing != nil {
		return "", fmt.Errorf("%s: nothing is known of %v", config, missing)
	}
	path = filepath.Join(dir, config)
	return path, errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(path, text, 0o600)) //nolint:gosec // a directory of the benchmark's own
}

// await returns when something takes connections at the address, or the program has ended.
func (r *Rival) await(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-r.ended:
			return errors.New("it has ended")
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// PID is that of the process that was started; others may descend from it.
func (r *Rival) PID() int { return r.cmd.Process.Pid }

// Stop ends the program.
func (r *Rival) Stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-r.ended:
	case <-time.After(patience):
		_ = r.cmd.Process.Kill()
		<-r.ended
	}
}
