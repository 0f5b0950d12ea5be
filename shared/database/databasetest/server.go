package databasetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // makes and drops databases

	"storefront/shared/config"
)

// Server is a PostgreSQL server on a free port of loopback, in a directory of its own. It ends, and its directory goes, with this process,
// however that ends: a shell holds the other end of a pipe and waits for it to close.
type Server struct {
	dir  string
	bin  string // where initdb and postgres are
	port int
	made atomic.Int64
	run  *exec.Cmd // nil while it is stopped
	life *os.File  // closing it ends the server
}

// supervise runs postgres until standard input ends, then ends it at once: as a crash, which is what tests of an outage want.
const supervise = `"$1/postgres" -D "$2/data" -p "$3" -k "$2" -h 127.0.0.1 -F -c max_connections=200 >"$2/log" 2>&1 &
pid=$!
read -r _
kill -QUIT $pid
wait $pid
[ "$4" = keep ] || rm -rf "$2"`

// Start starts a server of the test's own, for tests that stop it.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := startServer(keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop(t)
		if err := os.RemoveAll(s.dir); err != nil {
			t.Errorf("remove the server's directory: %v", err)
		}
	})
	return s
}

// What becomes of the server's directory when the server ends.
const (
	keep   = "keep" // it may start again
	remove = "remove"
)

func startServer(directory string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	if err := s.initialize(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, s.start(directory)
}

func (s *Server) initialize() error {
	nobody, err := unprivileged()
	if err != nil {
		return err
	}
	if nobody != nil {
		if err := os.Chown(s.dir, int(nobody.Uid), int(nobody.Gid)); err != nil {
			return err
		}
	}
	cmd := exec.Command(filepath.Join(s.bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", "app", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8") //nolint:gosec,noctx // a test's own server
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody}
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) start(directory string) error {
	nobody, err := unprivileged()
	if err != nil {
		return err
	}
	in, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	cmd := exec.Command("/bin/sh", "-c", supervise, "sh", s.bin, s.dir, strconv.Itoa(s.port), directory) //nolint:gosec,noctx // outlives any one test
	cmd.Stdin, cmd.Dir = in, s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody, Setpgid: true} // an interrupt of the tests reaches it through the pipe alone
	if err := cmd.Start(); err != nil {
		return errors.Join(err, life.Close())
	}
	s.run, s.life = cmd, life
	return s.await()
}

// await returns when the server answers.
func (s *Server) await() error {
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := s.exec("SELECT 1")
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("postgres does not answer: %w\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends the server as a crash would. A server that is stopped stays so.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.run == nil {
		return
	}
	_ = s.life.Close()
	_ = s.run.Wait()
	s.run = nil
}

// Start starts the server again, where it was, with what it had.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(keep); err != nil {
		t.Fatal(err)
	}
}

// Database makes a fresh database, for as long as the test, and returns its URL.
func (s *Server) Database(t testing.TB) config.Secret {
	t.Helper()
	name := fmt.Sprintf("test%d", s.made.Add(1))
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.exec("DROP DATABASE " + name + " WITH (FORCE)") }) // the server may be gone by then
	return config.Secret(s.url(name))
}

func (s *Server) url(name string) string {
	return fmt.Sprintf("postgres://app@127.0.0.1:%d/%s", s.port, name)
}

func (s *Server) exec(statement string) error {
	db, err := sql.Open("pgx", s.url("postgres")+"?sslmode=disable")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), statement)
	return errors.Join(err, db.Close())
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for a moment
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// unprivileged gives the user that postgres runs as, since it refuses to run as root; nil is who runs the tests.
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

// install installs Debian's package, one process at a time: those of other packages' tests want it too.
const install = `ls /usr/lib/postgresql/*/bin/initdb || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; }`

const missing = "these tests need PostgreSQL's programs initdb and postgres; on Debian: apt-get install postgresql"

// binaries gives the folder of initdb and postgres, which it installs where it may.
func binaries() (string, error) {
	if dir := installed(); dir != "" {
		return dir, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return "", errors.New(missing)
	}
	lock := filepath.Join(os.TempDir(), "storefront-apt.lock")
	if out, err := exec.Command("flock", lock, "/bin/sh", "-c", install).CombinedOutput(); err != nil { //nolint:gosec,noctx // fixed
		return "", fmt.Errorf("%s: %w\n%s", missing, err, out)
	}
	if dir := installed(); dir != "" {
		return dir, nil
	}
	return "", errors.New(missing)
}

// installed finds the folder where both are; Debian keeps them out of PATH.
func installed() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	for _, initdb := range found {
		dir := filepath.Dir(initdb)
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir
		}
	}
	return ""
}
