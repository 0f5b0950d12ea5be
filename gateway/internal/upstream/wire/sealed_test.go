package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/upstream/wire"
)

// corked is a connection that can gather what is written, so that several records of TLS leave in one segment.
type corked struct {
	net.Conn
	gathers bool
	held    bytes.Buffer
}

func (c *corked) Write(p []byte) (int, error) {
	if c.gathers {
		return c.held.Write(p)
	}
	return c.Conn.Write(p)
}

// SetWriteDeadline does nothing: tls.Conn.CloseWrite would let nothing out that is gathered.
func (*corked) SetWriteDeadline(time.Time) error { return nil }

// together sends all that is written meanwhile in one piece.
func (c *corked) together(write func()) {
	c.gathers = true
	write()
	c.gathers = false
	_, _ = c.held.WriteTo(c.Conn)
}

// certificate gives the two sides of TLS, of that version.
func certificate(t testing.TB, version uint16) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	server = &tls.Config{Certificates: s.TLS.Certificates, MinVersion: version, DynamicRecordSizingDisabled: true}
	return server, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: version, MaxVersion: version}
}

// listenTLS serves each connection over TLS, as listen does.
func listenTLS(t testing.TB, version uint16, serve func(conn *tls.Conn, below *corked, requests *bufio.Reader)) *upstream {
	t.Helper()
	server, client := certificate(t, version)
	u := listen(t, func(_ int64, raw net.Conn, _ *bufio.Reader) {
		below := &corked{Conn: raw}
		conn := tls.Server(below, server)
		serve(conn, below, bufio.NewReader(conn))
	})
	u.through(func(raw net.Conn) net.Conn { return tls.Client(raw, client) })
	return u
}

// through replaces the client by one whose connections are wrapped.
func (u *upstream) through(wrap func(net.Conn) net.Conn) {
	u.client = wire.New(wire.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		raw, err := new(net.Dialer).DialContext(ctx, "tcp", u.addr)
		if err != nil {
			return nil, err
		}
		return wrap(raw), nil
	}})
}

var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// What TLS has read beyond an answer is nobody's answer, though the socket has nothing left to show.
func TestDo_unaskedBytesUnderTLS(t *testing.T) {
	t.Parallel()
	// Longer than the buffer for heads: the end of the body is read for itself, and what stands behind it stays with TLS.
	body := strings.Repeat("x", 6000)
	answer, poison := ok+"Content-Length: 6000\r\n\r\n"+body, ok+"Content-Length: 6\r\n\r\npoison"
	for name, write := range map[string]func(*tls.Conn){
		"the rest of a record":      func(c *tls.Conn) { _, _ = io.WriteString(c, answer+poison) },
		"a single byte of a record": func(c *tls.Conn) { _, _ = io.WriteString(c, answer+"\n") },
		"another record":            func(c *tls.Conn) { _, _ = io.WriteString(c, answer); _, _ = io.WriteString(c, poison) },
		"a record of a single byte": func(c *tls.Conn) { _, _ = io.WriteString(c, answer); _, _ = io.WriteString(c, "\n") },
		"the end of the connection": func(c *tls.Conn) { _, _ = io.WriteString(c, answer); _ = c.CloseWrite() },
	} {
		for version, number := range versions {
			u := listenTLS(t, number, func(conn *tls.Conn, below *corked, requests *bufio.Reader) {
				if _, _, got := request(requests); got {
					below.together(func() { write(conn) })
					hold(conn)
				}
			})
			for range 3 {
				if status, got, err := u.ask(t, "POST", ""); status != 200 || got != body || err != nil {
					t.Errorf("%s, %s: %d, %d bytes that end in %q, %v", version, name, status, len(got), got[max(0, len(got)-6):], err)
				}
			}
			if n := u.conns.Load(); n != 3 {
				t.Errorf("%s, %s: %d connections, want one for each request", version, name, n)
			}
		}
	}
}

// What comes while a connection under TLS is idle is still at the socket.
func TestDo_stirredUnderTLS(t *testing.T) {
	t.Parallel()
	for version, number := range versions {
		idle, written := make(chan struct{}), make(chan struct{})
		u := listenTLS(t, number, func(conn *tls.Conn, _ *corked, requests *bufio.Reader) {
			if _, _, got := request(requests); !got {
				return
			}
			_, _ = io.WriteString(conn, ok+"Content-Length: 4\r\n\r\nfine")
			if _, first := <-idle; first {
				_, _ = io.WriteString(conn, ok+"Content-Length: 6\r\n\r\npoison")
				close(written)
			}
			hold(conn)
		})
		_, _, _ = u.ask(t, "GET", "")
		idle <- struct{}{}
		<-written
		close(idle)
		if _, body, err := u.ask(t, "POST", ""); body != "fine" || err != nil || u.conns.Load() != 2 {
			t.Errorf("%s: %q, %v on connection %d, want the poisoned one dropped", version, body, err, u.conns.Load())
		}
	}
}

// A connection under TLS with nothing behind its answers is kept, however an answer was cut into records.
func TestDo_reuseUnderTLS(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 6000)
	for version, number := range versions {
		u := listenTLS(t, number, func(conn *tls.Conn, below *corked, requests *bufio.Reader) {
			for pieces := 1; ; pieces++ {
				if _, _, got := request(requests); !got {
					return
				}
				below.together(func() {
					_, _ = io.WriteString(conn, ok+"Content-Length: 6000\r\n\r\n")
					for piece := range len(body) / 1000 * pieces {
						_, _ = io.WriteString(conn, body[piece*1000/pieces:(piece+1)*1000/pieces])
					}
				})
			}
		})
		for range 5 {
			if status, got, err := u.ask(t, "POST", "x"); status != 200 || got != body || err != nil {
				t.Errorf("%s: %d, %d bytes, %v", version, status, len(got), err)
			}
		}
		if n := u.conns.Load(); n != 1 {
			t.Errorf("%s: %d connections, want one that is kept", version, n)
		}
	}
}

// opaque hides the socket below a connection, as on a system where nobody can look at one.
type opaque struct{ net.Conn }

// A connection of which nobody can tell what came while it was idle is used once, under TLS too.
func TestDo_unseenSocketIsNotKept(t *testing.T) {
	t.Parallel()
	fine := ok + "Content-Length: 4\r\n\r\nfine"
	server, client := certificate(t, tls.VersionTLS13)
	bare := listen(t, say(fine))
	bare.through(func(raw net.Conn) net.Conn { return opaque{raw} })
	sealed := listen(t, func(n int64, raw net.Conn, _ *bufio.Reader) {
		conn := tls.Server(raw, server)
		say(fine)(n, conn, bufio.NewReader(conn))
	})
	sealed.through(func(raw net.Conn) net.Conn { return tls.Client(opaque{raw}, client) })
	for name, u := range map[string]*upstream{"bare": bare, "under TLS": sealed} {
		for n := range int64(3) {
			if _, body, err := u.ask(t, "POST", ""); body != "fine" || err != nil || u.conns.Load() != n+1 {
				t.Errorf("%s: %q, %v on connection %d, want one of its own", name, body, err, u.conns.Load())
			}
		}
	}
}
