package main_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	e2e "storefront/e2e"
	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// The load under which services are stopped.
const (
	stopClients  = 16
	beforeStop   = 2_000 // requests that are answered before the signal
	inFlight     = 20    // requests that are under way when it comes
	stopPatience = 15 * time.Second
)

// Whoever has been let in gets an answer, kept-alive clients are turned away in words, and the process ends with 0.
func TestServices_stopUnderLoad(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{stack.Gateway: "/products/1", stack.Catalog: "/products/1", stack.Inventory: "/branches/1/products"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := ownStack(t, use(t).bin(), nil)
			header := ""
			if name != stack.Gateway {
				header = "Authorization: Bearer " + adminToken(t, s) + "\r\n"
			}
			l := load{addr: e2e.HostOf(s.URL(name)), request: "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n", warm: make(chan struct{})}
			var clients sync.WaitGroup
			for range stopClients {
				clients.Go(func() {
					if err := l.run(); err != nil {
						t.Error(err)
					}
				})
			}
			<-l.warm
			terminate(t, s, name)
			clients.Wait()
			t.Logf("%s: %d requests answered, %d of them after the signal; %d failed", name, l.answered.Load(), l.answered.Load()-beforeStop, l.failed.Load())
		})
	}
}

// What is under way to a service when the signal comes is waited for, well after the second of politeness.
func TestGateway_stopFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	upstream := newRecorder(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "slow" {
			entered <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, "{}")
	})
	s, _ := behind(t, upstream, nil)
	addr := e2e.HostOf(s.URL(stack.Gateway))
	var clients sync.WaitGroup
	for range inFlight {
		clients.Go(func() {
			l := load{addr: addr, request: "GET /products?slow HTTP/1.1\r\nHost: localhost\r\n\r\n"}
			conn := &kept{}
			if closing, err := l.ask(conn); err != nil || !closing {
				t.Errorf("a request in flight: %v, told to close: %v", err, closing)
			}
			_ = conn.Close()
		})
	}
	for range inFlight {
		<-entered
	}
	go func() {
		awaitRefusal(addr) // from here on, only what is in flight is served
		close(release)
	}()
	terminate(t, s, stack.Gateway)
	clients.Wait()
}

// terminate stops one process of the stack, which must end well.
func terminate(t testing.TB, s *stack.Stack, name string) {
	t.Helper()
	if err := syscall.Kill(s.PIDs()[name], syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	err := s.Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), name+" died (exit status 0)") {
		t.Errorf("the process ended with %v, want exit status 0", err)
	}
	if took := time.Since(start); took > stopPatience {
		t.Errorf("it took %s to stop", took)
	}
}

func awaitRefusal(addr string) {
	for {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_ = conn.Close()
		time.Sleep(10 * time.Millisecond) // it is polled: nothing tells when a port closes
	}
}

// load asks one service for one thing, again and again, on connections that are kept.
type load struct {
	addr, request    string
	answered, failed atomic.Int64
	warm             chan struct{} // closed when enough has been answered
}

// kept is a connection, or none yet.
type kept struct {
	net.Conn
	from *bufio.Reader
}

func (k *kept) Close() error {
	if k.Conn == nil {
		return nil
	}
	conn := k.Conn
	k.Conn = nil
	return conn.Close()
}

var errTurnedAway = errors.New("nobody listens")

// run asks until nobody listens any more.
func (l *load) run() error {
	conn := &kept{}
	defer func() { _ = conn.Close() }()
	for {
		closing, err := l.ask(conn)
		if errors.Is(err, errTurnedAway) {
			return nil
		}
		if err != nil {
			l.failed.Add(1)
			return err
		}
		if l.answered.Add(1) == beforeStop {
			close(l.warm)
		}
		if closing {
			_ = conn.Close()
		}
	}
}

// ask makes one request. A new connection on which not a byte came was still waiting to be let in when the port closed.
func (l *load) ask(conn *kept) (closing bool, err error) {
	fresh := conn.Conn == nil
	if fresh {
		if conn.Conn, err = net.Dial("tcp", l.addr); err != nil {
			return false, errTurnedAway
		}
		conn.from = bufio.NewReader(conn.Conn)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = io.WriteString(conn, l.request)
	if err == nil {
		_, err = conn.from.Peek(1)
	}
	if err != nil && fresh {
		return false, errTurnedAway
	}
	if err != nil {
		return false, fmt.Errorf("a kept connection was closed without a word: %w", err)
	}
	res, err := http.ReadResponse(conn.from, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("answered %d, %w", res.StatusCode, err)
	}
	return res.Close, nil
}

func adminToken(t testing.TB, s *stack.Stack) string {
	t.Helper()
	token, err := browser.New().AccessToken(t.Context(), browser.App{
		Identity: s.URL(stack.Identity), ClientID: stack.ClientID, Secret: use(t).secrets["FUSIONAUTH_CLIENT_SECRET"], RedirectURL: s.URL(stack.Gateway) + "/oauth-redirect",
	}, use(t).person("admin"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}
