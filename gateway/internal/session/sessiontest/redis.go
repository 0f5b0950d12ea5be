package sessiontest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Server is a Redis server of one test. It keeps nothing on disk: when it stops, it forgets.
type Server struct {
	Addr string
	URL  string // of database 0

	t         testing.TB
	args      []string
	cmd       *exec.Cmd
	databases atomic.Int64
}

const databases = 1000

// StartRedis runs Debian's redis-server on a free port of the loopback until the test ends. Arguments are added to the command.
func StartRedis(t testing.TB, args ...string) *Server {
	t.Helper()
	program, err := findRedis()
	if err != nil {
		t.Fatalf("these tests talk to a real Redis server: apt-get install redis-server: %v", err)
	}
	addr := freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	s := &Server{Addr: addr, URL: "redis://" + addr, t: t, args: append([]string{
		program, "--bind", host, "--port", port, "--dir", t.TempDir(),
		"--save", "", "--appendonly", "no", "--databases", fmt.Sprint(databases),
	}, args...)}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Database gives the URL of a database of the server that is not in use yet.
func (s *Server) Database() string {
	n := s.databases.Add(1)
	if n >= databases {
		s.t.Fatalf("more than %d databases", databases)
	}
	return fmt.Sprintf("%s/%d", s.URL, n)
}

// Start starts the server anew, at the address that it had, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...) //nolint:gosec,noctx // a program of the system, which Stop ends
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	await(s.t, "redis-server answers", func() bool { return answers(s.Addr) })
}

// Stop kills the server, as a crash would; one that does not run is left alone.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// answers reports whether a server says anything to a PING, be it that it wants a password.
func answers(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second) //nolint:noctx // it has a timeout
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(conn, "PING\r\n")
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}

// freeAddr takes a port below those that the system gives to clients: while the server is stopped, a client that looks for it there
// could otherwise be given that very port, and meet itself.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000)) //nolint:gosec // no secret
		if l, err := net.Listen("tcp", addr); err == nil {            //nolint:noctx // it is closed at once
			_ = l.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// findRedis installs the server where it may.
var findRedis = sync.OnceValues(func() (string, error) {
	program, err := exec.LookPath("redis-server")
	if err == nil || os.Geteuid() != 0 {
		return program, err
	}
	const install = `apt-get update -qq && apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 redis-server`
	cmd := exec.Command("sh", "-c", install)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1") // with which Debian does not start the service
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return exec.LookPath("redis-server")
})
