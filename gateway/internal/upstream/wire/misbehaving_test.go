package wire_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/upstream/wire"
)

// What an upstream can do wrong. None of it is taken for an answer, and no connection on which it happened is used again.
func TestDo_misbehavingUpstreams(t *testing.T) {
	t.Parallel()
	brief := 300 * time.Millisecond
	tests := []struct {
		name   string
		answer string
		holds  bool // keeps the connection open behind it
		want   error
	}{
		{"closes at once", "", false, io.ErrUnexpectedEOF},
		{"never answers", "", true, os.ErrDeadlineExceeded},
		{"half a status line", "HTTP/1.1 2", false, io.ErrUnexpectedEOF},
		{"half a status line, for ever", "HTTP/1.1 2", true, os.ErrDeadlineExceeded},
		{"half a head", ok + "Content-Le", false, io.ErrUnexpectedEOF},
		{"half a body", ok + "Content-Length: 9\r\n\r\nhalf", false, io.ErrUnexpectedEOF},
		{"half a body, for ever", ok + "Content-Length: 9\r\n\r\nhalf", true, os.ErrDeadlineExceeded},
		{"half a chunk", ok + "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf", false, io.ErrUnexpectedEOF},
		{"no last chunk", ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", false, io.ErrUnexpectedEOF},
		{"no end of the trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n", false, io.ErrUnexpectedEOF},
		{"a body without end", ok + "\r\nand on and on", true, os.ErrDeadlineExceeded},
		{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", true, wire.ErrAnswer},
		{"another version", "HTTP/2.0 200 OK\r\n\r\n", true, wire.ErrAnswer},
		{"switches protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n", true, wire.ErrAnswer},
		{"hints without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100), true, wire.ErrAnswer},
		{"a status of two digits", "HTTP/1.1 99 Odd\r\n\r\n", true, wire.ErrAnswer},
		{"two lengths", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", true, wire.ErrAnswer},
		{"one length twice", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nxx", true, wire.ErrAnswer},
		{"a length and chunks", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true, wire.ErrAnswer},
		{"an unknown encoding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", true, wire.ErrAnswer},
		{"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true, wire.ErrAnswer},
		{"a bad chunk size", ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", true, wire.ErrAnswer},
		{"a chunk longer than its size", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nlong\r\n0\r\n\r\n", true, wire.ErrAnswer},
		{"a chunk size of 64 bits", ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n0\r\n\r\n", true, wire.ErrAnswer},
		{"an endless chunk extension", ok + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("x", 64<<10), true, wire.ErrAnswer},
		{"a control byte in a chunk extension", ok + "Transfer-Encoding: chunked\r\n\r\n2;a=\"\x0b\"\r\nok\r\n0\r\n\r\n", true, wire.ErrAnswer},
		{"an endless trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: "+strings.Repeat("x", 100)+"\r\n", 1000), true, wire.ErrAnswer},
		{"a huge field", ok + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", true, wire.ErrAnswer},
		{"a huge field without end", ok + "X: " + strings.Repeat("x", 1<<20), true, wire.ErrAnswer},
		{"a thousand fields", ok + strings.Repeat("A: 1\r\n", 1000) + "\r\n", true, wire.ErrAnswer},
		{"a folded field", ok + "A: 1\r\n Content-Length: 2\r\n\r\nok", true, wire.ErrAnswer},
		{"a blank before the colon", ok + "Content-Length : 2\r\n\r\nok", true, wire.ErrAnswer},
		{"a line that ends in LF", ok + "Content-Length: 2\n\r\nok", true, wire.ErrAnswer},
		{"a NUL", ok + "A: \x00\r\n\r\n", true, wire.ErrAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := listen(t, func(n int64, conn net.Conn, requests *bufio.Reader) {
				if _, _, got := request(requests); !got {
					return
				}
				if n > 1 {
					_, _ = io.WriteString(conn, ok+"Content-Length: 4\r\n\r\nfine")
					return
				}
				_, _ = io.WriteString(conn, tt.answer)
				if tt.holds {
					hold(conn)
				}
			})
			deadline := soon()
			if errors.Is(tt.want, os.ErrDeadlineExceeded) {
				deadline = time.Now().Add(brief)
			}
			if status, body, err := u.askBy(t.Context(), deadline, "GET", ""); !errors.Is(err, tt.want) {
				t.Errorf("= %d %.50q, %v, want %v", status, body, err, tt.want)
			}
			if status, body, err := u.ask(t, "GET", ""); status != 200 || body != "fine" || err != nil || u.conns.Load() != 2 {
				t.Errorf("then = %d %q, %v on connection %d, want an answer on a second connection", status, body, err, u.conns.Load())
			}
		})
	}
}

// An answer that comes in drips is whole all the same.
func TestDo_drippingUpstream(t *testing.T) {
	t.Parallel()
	u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
		if _, _, got := request(requests); got {
			for _, b := range []byte("HTTP/1.1 103 \r\nA: 1\r\n\r\n" + ok + "Transfer-Encoding: chunked\r\n\r\n4\r\ndrip\r\n3;x\r\ns!\n\r\n0\r\nLate: 1\r\n\r\n") {
				_, _ = conn.Write([]byte{b})
			}
		}
	})
	if status, body, err := u.ask(t, "GET", ""); status != 200 || body != "drips!\n" || err != nil {
		t.Errorf("= %d %q, %v", status, body, err)
	}
}

// A reset tells in what state it leaves the exchange, and takes nothing else along.
func TestDo_reset(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"before the answer": "", "in the head": ok + "A:", "in the body": ok + "Content-Length: 9\r\n\r\nhalf"} {
		u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
			if _, _, got := request(requests); got {
				_, _ = io.WriteString(conn, before)
				_ = conn.(*net.TCPConn).SetLinger(0)
			}
		})
		if status, body, err := u.ask(t, "GET", ""); err == nil || errors.Is(err, wire.ErrConnect) {
			t.Errorf("%s: %d %q, %v, want the error of a broken connection", name, status, body, err)
		}
	}
}

// Bytes behind an answer, or before the next request, are nobody's answer.
func TestDo_unaskedBytes(t *testing.T) {
	t.Parallel()
	answer, poison := ok+"Content-Length: 4\r\n\r\nfine", ok+"Content-Length: 6\r\n\r\npoison"
	for name, extra := range map[string]string{"with the answer": poison, "a single byte": "x", "an end of line": "\r\n"} {
		u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
			if _, _, got := request(requests); got {
				_, _ = io.WriteString(conn, answer+extra)
				hold(conn)
			}
		})
		for range 3 {
			if status, body, err := u.ask(t, "GET", ""); status != 200 || body != "fine" || err != nil {
				t.Errorf("%s: %d %q, %v", name, status, body, err)
			}
		}
	}
	written := make(chan struct{})
	u := listen(t, func(n int64, conn net.Conn, requests *bufio.Reader) {
		if _, _, got := request(requests); !got {
			return
		}
		_, _ = io.WriteString(conn, answer)
		if n == 1 {
			_, _ = requests.Peek(0)
			<-written
			_, _ = io.WriteString(conn, poison)
			written <- struct{}{}
		}
		hold(conn)
	})
	_, _, _ = u.ask(t, "GET", "")
	written <- struct{}{}
	<-written
	if _, body, err := u.ask(t, "POST", ""); body != "fine" || err != nil || u.conns.Load() != 2 {
		t.Errorf("an answer before the request: %q, %v on connection %d, want the poisoned one dropped", body, err, u.conns.Load())
	}
}

// An answer before the end of the request counts, whether the upstream then closes or reads no more.
func TestDo_earlyAnswer(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]bool{"and closes": true, "and keeps it open": false} {
		u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
			_, _ = requests.ReadString('\n')
			_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nless")
			if !closes {
				_, _ = io.Copy(io.Discard, io.LimitReader(requests, 1<<20))
				hold(conn)
			}
		})
		status, body, err := u.ask(t, "POST", strings.Repeat("x", 16<<20))
		if status != 413 || body != "less" || err != nil {
			t.Errorf("%s: %d %q, %v, want the answer", name, status, body, err)
		}
		_, _, _ = u.ask(t, "POST", strings.Repeat("x", 16<<20))
		if u.conns.Load() != 2 {
			t.Errorf("%s: %d connections, want the first dropped: half a request stands in it", name, u.conns.Load())
		}
	}
}

func TestDo_ends(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"before the answer": "", "in the body": ok + "Content-Length: 9\r\n\r\nhalf"} {
		arrived, left := make(chan struct{}), make(chan struct{})
		u := listen(t, func(_ int64, conn net.Conn, requests *bufio.Reader) {
			if _, _, got := request(requests); got {
				_, _ = io.WriteString(conn, before)
				close(arrived)
				hold(conn)
				close(left)
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		if _, _, err := u.askBy(ctx, soon(), "GET", ""); err == nil {
			t.Errorf("%s: a cancelled exchange has no error", name)
		}
		<-left // the upstream learns of it
		if u.conns.Load() != 1 {
			t.Errorf("%s: asked %d times", name, u.conns.Load())
		}
	}
}

// A connection whose exchange was called off at the last moment is not used again: the calling off may still be on its way to it.
func TestDo_calledOffAtTheEnd(t *testing.T) {
	t.Parallel()
	u := listen(t, say(ok+"Content-Length: 4\r\n\r\nfine"))
	ctx, cancel := context.WithCancel(t.Context())
	var req wire.Request
	req.Start("GET", "/", "upstream")
	res, err := u.client.Do(ctx, soon(), &req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(res); err != nil {
		t.Error(err)
	}
	cancel()
	res.Close()
	if _, _, err := u.ask(t, "GET", ""); err != nil || u.conns.Load() != 2 {
		t.Errorf("the next exchange: %v on connection %d, want a second one", err, u.conns.Load())
	}
}
