package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a real Redis or PostgreSQL on a port of loopback. It ends with this process, however that ends: a shell holds the other
// end of a pipe and waits for it to close.
type server struct {
	dir  string
	addr string
	args []string
	ask  []string            // a program that succeeds when the server is ready; none where taking connections is enough
	as   *syscall.Credential // nil is who runs this
	cmd  *exec.Cmd           // nil while it is away
	life *os.File            // closing it ends the server
}

const supervise = `"$@" >/dev/null 2>log & pid=$!; read -r _; kill -KILL $pid; wait $pid`

// start returns when the server is ready.
func (s *server) start(ctx context.Context) error {
	in, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", append([]string{"-c", supervise, "sh"}, s.args...)...) //nolint:gosec // our own words
	cmd.Stdin, cmd.Dir = in, s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true} // an interrupt reaches it through the pipe alone
	if err := cmd.Start(); err != nil {
		return errors.Join(err, life.Close())
	}
	s.cmd, s.life = cmd, life
	return s.await(ctx)
}

func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if s.ready(ctx) {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("%s is not ready: %w\n%s", s.args[0], ctx.Err(), log)
		}
	}
}

func (s *server) ready(ctx context.Context) bool {
	if len(s.ask) > 0 {
		return exec.CommandContext(ctx, s.ask[0], s.ask[1:]...).Run() == nil //nolint:gosec // PostgreSQL's own
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// kill ends the server as kill -9 does, and returns when it is gone.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.life.Close()
	_ = s.cmd.Wait() // it was killed
	s.cmd = nil
}

// newRedis gives a Redis that writes down all that it is told.
func newRedis(ctx context.Context, dir string, port int) (*server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, errors.New("chaos needs redis-server; on Debian: apt-get install redis-server")
	}
	dir = filepath.Join(dir, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s := &server{dir: dir, addr: loopback(port)}
	s.args = []string{program, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--save", "", "--appendonly", "yes", "--dir", dir}
	return s, s.start(ctx)
}

// newPostgres gives a PostgreSQL with the databases of those names.
func newPostgres(ctx context.Context, dir string, port int, databases ...string) (*server, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "postgres")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	s := &server{dir: dir, addr: loopback(port)}
	if s.as, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.as != nil {
		if err := os.Chown(dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if err := s.once(ctx, "", filepath.Join(bin, "initdb"), "-D", data, "-U", "app", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"); err != nil {
		return nil, err
	}
	for _, name := range databases { // in single-user mode, which needs no client
		if err := s.once(ctx, "CREATE DATABASE "+name+"\n", filepath.Join(bin, "postgres"), "--single", "-D", data, "postgres"); err != nil {
			return nil, err
		}
	}
	s.args = []string{filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-h", "127.0.0.1", "-F"}
	s.ask = []string{filepath.Join(bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(port)}
	return s, s.start(ctx)
}

// once runs a program to its end.
func (s *server) once(ctx context.Context, input, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // PostgreSQL's own
	cmd.Dir, cmd.Stdin = s.dir, strings.NewReader(input)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// postgresPrograms is the folder of initdb and postgres, which Debian keeps out of PATH.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("chaos needs PostgreSQL; on Debian: apt-get install postgresql")
	}
	return filepath.Dir(found[0]), nil
}

// unprivileged is who PostgreSQL runs as, since it refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
