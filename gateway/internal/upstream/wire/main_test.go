package wire_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"storefront/gateway/internal/upstream/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is a server that does what it likes with each connection; it counts them from 1.
type upstream struct {
	client *wire.Client
	addr   string
	conns  atomic.Int64
}

// listen serves each connection, and gives a client of it.
func listen(t testing.TB, serve func(n int64, conn net.Conn, requests *bufio.Reader)) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{addr: l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n := u.conns.Add(1)
			all.Go(func() {
				defer func() { _ = conn.Close() }()
				serve(n, conn, bufio.NewReader(conn))
			})
		}
	})
	u.client = wire.New(wire.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", u.addr)
	}})
	t.Cleanup(func() { u.client.Close(); _ = l.Close(); all.Wait() })
	return u
}

// request reads one, with its body, and reports whether there was one.
func request(r *bufio.Reader) (*http.Request, string, bool) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return nil, "", false
	}
	body, err := io.ReadAll(req.Body)
	return req, string(body), err == nil
}

// say answers each request with the same bytes.
func say(text string) func(int64, net.Conn, *bufio.Reader) {
	return func(_ int64, conn net.Conn, requests *bufio.Reader) {
		for {
			if _, _, ok := request(requests); !ok {
				return
			}
			_, _ = io.WriteString(conn, text)
		}
	}
}

// hold keeps the connection until the other end lets go.
func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// soon is a deadline that a working exchange never sees.
func soon() time.Time { return time.Now().Add(30 * time.Second) }

// ask makes an exchange, body and all.
func (u *upstream) ask(t testing.TB, method, body string) (status int, answer string, err error) {
	t.Helper()
	return u.askBy(t.Context(), soon(), method, body)
}

func (u *upstream) askBy(ctx context.Context, deadline time.Time, method, body string) (status int, answer string, err error) {
	var req wire.Request
	req.Start(method, "/x", "upstream:80")
	if body != "" {
		req.Body(strings.NewReader(body), int64(len(body)))
	}
	res, err := u.client.Do(ctx, deadline, &req)
	if err != nil {
		return 0, "", err
	}
	defer res.Close()
	text, err := io.ReadAll(res)
	return res.Status, string(text), err
}
