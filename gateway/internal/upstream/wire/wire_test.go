package wire_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/gateway/internal/upstream/wire"
)

// A connection serves the next exchange when, and only when, the answer has been read to the end that it tells.
func TestDo_reuse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer string
		read   int // bytes of the body; -1 is all
		reused bool
	}{
		{"by length", ok + "Content-Length: 4\r\n\r\nfine", -1, true},
		{"empty", ok + "Content-Length: 0\r\n\r\n", -1, true},
		{"by chunks", ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", -1, true},
		{"without a body", "HTTP/1.1 204 No Content\r\n\r\n", -1, true},
		{"unread but here", ok + "Content-Length: 4\r\n\r\nfine", 0, true},
		{"large", ok + "Content-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000), -1, true},
		{"large, unread", ok + "Content-Length: 100000\r\n\r\n" + strings.Repeat("x", 100000), 10, false},
		{"chunks, unread", ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n", 2, false},
		{"told to close", ok + "Connection: close\r\nContent-Length: 4\r\n\r\nfine", -1, false},
		{"told to close among others", ok + "Connection: x, CLOSE\r\nContent-Length: 4\r\n\r\nfine", -1, false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfine", -1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := listen(t, say(tt.answer))
			for range 3 {
				var req wire.Request
				req.Start("GET", "/", "upstream")
				res, err := u.client.Do(t.Context(), soon(), &req)
				if err != nil {
					t.Fatal(err)
				}
				if tt.read >= 0 {
					_, _ = io.ReadFull(res, make([]byte, tt.read))
				} else if _, err := io.ReadAll(res); err != nil {
					t.Error(err)
				}
				res.Close()
			}
			if got := u.conns.Load(); (got == 1) != tt.reused {
				t.Errorf("%d connections for 3 exchanges, want reused: %v", got, tt.reused)
			}
		})
	}
}

// The head of a HEAD's answer tells a length, and no body follows.
func TestDo_head(t *testing.T) {
	t.Parallel()
	u := listen(t, say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"))
	for range 2 {
		if status, body, err := u.ask(t, "HEAD", ""); status != 200 || body != "" || err != nil {
			t.Errorf("= %d %q, %v", status, body, err)
		}
	}
	if u.conns.Load() != 1 {
		t.Errorf("%d connections, want one", u.conns.Load())
	}
}

// A connection that was closed while it was idle costs nobody an answer, whatever the method.
func TestDo_closedWhileIdle(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 3)
	u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
		if _, _, got := request(requests); got {
			_, _ = io.WriteString(conn, ok+"Content-Length: 4\r\n\r\nfine")
			_ = conn.Close()
			closed <- struct{}{}
		}
	})
	for i := range 3 {
		if status, _, err := u.ask(t, "POST", "body"); status != 200 || err != nil || u.conns.Load() != int64(i+1) {
			t.Fatalf("= %d, %v", status, err)
		}
		<-closed
	}
}

// On a kept connection too a wait for the answer ends when it comes, at the deadline, or with the one who asks, and at no other time.
func TestDo_waitsOnAKeptConnection(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers bool
		within  time.Duration // of the deadline
		cancel  bool
		want    error
	}{
		"for a slow answer":                      {answers: true, within: 30 * time.Second},
		"until the deadline":                     {within: 300 * time.Millisecond, want: os.ErrDeadlineExceeded},
		"until a deadline that comes at once":    {within: time.Millisecond, want: os.ErrDeadlineExceeded},
		"until a deadline that has come already": {within: -time.Second, want: os.ErrDeadlineExceeded},
		"as long as the client":                  {within: 30 * time.Second, cancel: true, want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := ok + "Content-Length: 4\r\n\r\nfine"
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
				_, _, _ = request(requests)
				_, _ = io.WriteString(conn, answer)
				if _, _, got := request(requests); got && tt.cancel {
					cancel()
				}
				if tt.answers {
					time.Sleep(5 * wire.Brief)
					_, _ = io.WriteString(conn, answer)
				}
				hold(conn)
			})
			if _, _, err := u.ask(t, "GET", ""); err != nil {
				t.Fatal(err)
			}
			status, body, err := u.askBy(ctx, time.Now().Add(tt.within), "GET", "")
			if !errors.Is(err, tt.want) || tt.answers && (status != 200 || body != "fine") || u.conns.Load() != 1 {
				t.Errorf("= %d %q, %v on connection %d, want %v on the first", status, body, err, u.conns.Load(), tt.want)
			}
		})
	}
}

// A head that the socket does not take at once arrives whole, and its answer is found.
func TestDo_longHeadOnAKeptConnection(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 8<<20)
	u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
		for {
			req, _, got := request(requests)
			if !got {
				return
			}
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", len(req.Header.Get("Long"))>>20)
		}
	})
	for _, want := range []string{"0", "8", "0"} {
		var req wire.Request
		req.Start("GET", "/", "upstream")
		if want == "8" {
			req.Field("Long", long)
		}
		res, err := u.client.Do(t.Context(), soon(), &req)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res); string(body) != want || err != nil {
			t.Errorf("= %q, %v, want %s", body, err, want)
		}
		res.Close()
	}
	if u.conns.Load() != 1 {
		t.Errorf("%d connections, want one", u.conns.Load())
	}
}

// A kept connection that closes in place of an answer: only what is safe to repeat is repeated, once, on a new connection.
func TestDo_closedInsteadOfAnswering(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, body string
		repeated     bool
	}{{"GET", "", true}, {"HEAD", "", true}, {"DELETE", "", true}, {"POST", "", false}, {"PATCH", "", false}, {"PUT", "body", false}, {"GET", "body", false}} {
		t.Run(tt.method+tt.body, func(t *testing.T) {
			t.Parallel()
			var second atomic.Int64
			u := listen(t, func(n int64, conn net.Conn, requests *bufio.Reader) {
				if _, _, got := request(requests); !got {
					return
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
				if _, _, got := request(requests); got {
					second.Store(n)
				}
			})
			if _, _, err := u.ask(t, tt.method, tt.body); err != nil {
				t.Fatal(err)
			}
			status, _, err := u.ask(t, tt.method, tt.body)
			if (status == 204) != tt.repeated || (err == nil) != tt.repeated || second.Load() != 1 {
				t.Errorf("= %d, %v, want repeated: %v", status, err, tt.repeated)
			}
			if want := map[bool]int64{true: 2, false: 1}[tt.repeated]; u.conns.Load() != want {
				t.Errorf("%d connections, want %d", u.conns.Load(), want)
			}
		})
	}
	// On a connection that never answered, the upstream may be at work on it: nothing is repeated.
	u := listen(t, func(_ int64, _ net.Conn, requests *bufio.Reader) { _, _, _ = request(requests) })
	if _, _, err := u.ask(t, "GET", ""); err == nil || u.conns.Load() != 1 {
		t.Errorf("a new connection: %v after %d connections", err, u.conns.Load())
	}
}

// Who cannot connect is tried again once, by what is safe to repeat, while the budget lasts: a fifth of all requests.
func TestDo_retriesToConnect(t *testing.T) {
	t.Parallel()
	var dials atomic.Int64
	refused := errors.New("refused")
	client := wire.New(wire.Config{Dial: func(context.Context) (net.Conn, error) { dials.Add(1); return nil, refused }})
	ask := func(method string) {
		var req wire.Request
		req.Start(method, "/", "upstream")
		if _, err := client.Do(t.Context(), soon(), &req); !errors.Is(err, wire.ErrConnect) || !errors.Is(err, refused) {
			t.Errorf("%s: %v", method, err)
		}
	}
	ask("POST")
	if dials.Load() != 1 {
		t.Errorf("a POST dials %d times", dials.Load())
	}
	ask("GET")
	if dials.Load() != 3 {
		t.Errorf("a GET dials %d times, want twice", dials.Load()-1)
	}
	dials.Store(0)
	for range 1000 {
		ask("GET")
	}
	if got := dials.Load() - 1000; got < 200 || got > 215 {
		t.Errorf("%d retries of 1000 requests, want a fifth", got)
	}
}

// Requests arrive as they were built, bodies of known and of unknown length whole.
func TestDo_requests(t *testing.T) {
	t.Parallel()
	type seen struct{ line, body, length, accept string }
	var mu sync.Mutex
	var last seen
	u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
		for {
			req, body, got := request(requests)
			if !got {
				return
			}
			mu.Lock()
			last = seen{req.Method + " " + req.RequestURI + " " + req.Host, body, fmt.Sprint(req.ContentLength, req.TransferEncoding), req.Header.Get("Accept")}
			mu.Unlock()
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	large := strings.Repeat("0123456789", 50_000)
	var req wire.Request
	for _, tt := range []struct {
		method, body string
		length       int64
		want         string
	}{
		{"GET", "", 0, "0 []"}, {"POST", "", 0, "0 []"}, {"POST", "small", 5, "5 []"}, {"PUT", large, int64(len(large)), "500000 []"},
		{"POST", "small", -1, "-1 [chunked]"}, {"PUT", large, -1, "-1 [chunked]"},
	} {
		req.Start(tt.method, `/a?b=<">|^{}`, "upstream:81")
		req.Field("Accept", "a", "/", "b")
		if tt.body != "" {
			req.Body(plain{strings.NewReader(tt.body)}, tt.length)
		}
		res, err := u.client.Do(t.Context(), soon(), &req)
		if err != nil {
			t.Fatal(err)
		}
		res.Close()
		mu.Lock()
		if want := (seen{tt.method + ` /a?b=<">|^{} upstream:81`, tt.body, tt.want, "a/b"}); last != want {
			t.Errorf("%s of %d bytes arrives as %.200v, want %.200v", tt.method, len(tt.body), last, want)
		}
		mu.Unlock()
	}
	if u.conns.Load() != 1 {
		t.Errorf("%d connections, want one for all", u.conns.Load())
	}
}

// plain is a reader that is nothing more.
type plain struct{ r io.Reader }

func (r plain) Read(p []byte) (int, error) { return r.r.Read(p) }

// A request that would be read in another way than it is meant is not sent.
func TestDo_refusesRequests(t *testing.T) {
	t.Parallel()
	u := listen(t, say("HTTP/1.1 204 No Content\r\n\r\n"))
	for name, build := range map[string]func(*wire.Request){
		"a blank in the method":   func(r *wire.Request) { r.Start("GET /", "/", "x") },
		"no method":               func(r *wire.Request) { r.Start("", "/", "x") },
		"a blank in the target":   func(r *wire.Request) { r.Start("GET", "/ HTTP/1.1", "x") },
		"a line in the target":    func(r *wire.Request) { r.Start("GET", "/\r\nA: b", "x") },
		"another form of target":  func(r *wire.Request) { r.Start("GET", "http://x/", "x") },
		"no host":                 func(r *wire.Request) { r.Start("GET", "/", "") },
		"a line in the host":      func(r *wire.Request) { r.Start("GET", "/", "x\r\nA: b") },
		"a line in a value":       func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("A", "b\r\nC: d") },
		"a line in a part":        func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("A", "b", "\nC: d") },
		"a NUL":                   func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("A", "\x00") },
		"a colon in a name":       func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("A: b\r\nC", "d") },
		"a length of its own":     func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("content-length", "3") },
		"an encoding of its own":  func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("Transfer-Encoding", "chunked") },
		"a connection of its own": func(r *wire.Request) { r.Start("GET", "/", "x"); r.Field("Connection", "upgrade") },
		"nothing":                 func(*wire.Request) {},
	} {
		var req wire.Request
		build(&req)
		if _, err := u.client.Do(t.Context(), soon(), &req); !errors.Is(err, wire.ErrRequest) {
			t.Errorf("%s: %v, want ErrRequest", name, err)
		}
	}
	if u.conns.Load() != 0 {
		t.Errorf("%d connections, want none", u.conns.Load())
	}
}

// A body that breaks off is told apart from an upstream that does, and the half request is never completed by another.
func TestDo_brokenBody(t *testing.T) {
	t.Parallel()
	whole := make(chan bool, 2)
	u := listen(t, func(_ int64, _ net.Conn, requests *bufio.Reader) {
		_, _, got := request(requests)
		whole <- got
	})
	for name, length := range map[string]int64{"shorter than it says": 10, "with an error": -1} {
		var req wire.Request
		req.Start(http.MethodPost, "/", "upstream")
		req.Body(io.MultiReader(strings.NewReader("half"), broken{name == "with an error"}), length)
		if _, err := u.client.Do(t.Context(), soon(), &req); !errors.Is(err, wire.ErrBody) {
			t.Errorf("%s: %v, want ErrBody", name, err)
		}
		if <-whole {
			t.Errorf("%s: the upstream takes it for whole", name)
		}
	}
}

type broken struct{ fails bool }

func (b broken) Read([]byte) (int, error) {
	if b.fails {
		return 0, io.ErrClosedPipe
	}
	return 0, io.EOF
}

// Nobody's answer goes to another, however many ask at once.
func TestDo_manyAtOnce(t *testing.T) {
	t.Parallel()
	u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
		for {
			req, _, got := request(requests)
			if !got {
				return
			}
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(req.RequestURI), req.RequestURI)
		}
	})
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			var req wire.Request
			for i := range 200 {
				target := fmt.Sprintf("/%d/%d", g, i)
				req.Start("GET", target, "upstream")
				res, err := u.client.Do(t.Context(), soon(), &req)
				if err != nil {
					t.Error(err)
					return
				}
				if body, err := io.ReadAll(res); string(body) != target || err != nil {
					t.Errorf("%s gets %q, %v", target, body, err)
				}
				res.Close()
			}
		})
	}
	all.Wait()
	if u.conns.Load() > 16 {
		t.Errorf("%d connections for 16 at once", u.conns.Load())
	}
}

// Connections that nobody needs are closed, the latest used last.
func TestClient_closesOldConnections(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 1)
	u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
		say(ok+"Content-Length: 4\r\n\r\nfine")(0, conn, requests)
		gone <- struct{}{}
	})
	for range 2 {
		u.client.Reap(time.Now().Add(-time.Minute))
		if _, _, err := u.ask(t, "GET", ""); err != nil || u.conns.Load() != 1 {
			t.Fatalf("%v on connection %d, want one that is kept", err, u.conns.Load())
		}
	}
	u.client.Reap(time.Now().Add(time.Minute))
	<-gone
	if _, _, err := u.ask(t, "GET", ""); err != nil || u.conns.Load() != 2 {
		t.Errorf("%v on connection %d, want a new one", err, u.conns.Load())
	}
}
