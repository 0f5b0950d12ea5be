package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// The slowest that a client may be. One that sends or takes a few bytes now and then, on many connections, would hold what they cost for as
// long as it likes (slowloris, R-U-Dead-Yet, slow read).
const (
	bodyGrace = 5 * time.Second // for the first of a body
	bodyRate  = 1 << 10         // bytes a second from then on

	writePiece = 16 << 10 // bytes of an answer, which have so long to get into the socket
	writeTime  = 10 * time.Second
)

// paceBody moves the connection's read deadline along with a request's body. A body that the handler leaves unread has the grace
// alone. The handler gets a request of its own, since net/http looks at the type of the body in the first one to leave it unread.
func paceBody() gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength == 0 {
			return
		}
		b := &pacedBody{ReadCloser: c.Request.Body, conn: http.NewResponseController(c.Writer), start: time.Now()}
		b.extend()
		c.Request = c.Request.WithContext(c.Request.Context())
		c.Request.Body = b
	}
}

// pacedBody is a body that must come at the least rate.
type pacedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	start time.Time
	got   int64
}

// Read implements io.Reader. Behind the end of the body net/http waits on the connection for the client to go away: a deadline that
// passed there would look like that.
func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.got += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		b.until(readTimeout)
	case n > 0:
		b.extend()
	}
	return n, err
}

func (b *pacedBody) extend() {
	b.until(min(bodyGrace+time.Duration(b.got/bodyRate)*time.Second, readTimeout))
}

// until sets the deadline; a test's recorder has none.
func (b *pacedBody) until(d time.Duration) { _ = b.conn.SetReadDeadline(b.start.Add(d)) }

// pacedListener gives connections whose answers must be taken at the least rate.
type pacedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l pacedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		return pacedConn{conn, tcp}, nil
	}
	return conn, nil
}

// pacedConn hides that the socket can copy by itself, which knows no deadline but one for all; what net/http needs to end a connection
// gently stays.
type pacedConn struct {
	net.Conn
	closeWriter
}

type closeWriter interface{ CloseWrite() error }

// Write implements net.Conn.
func (c pacedConn) Write(p []byte) (n int, err error) {
	for err == nil && n < len(p) {
		if err = c.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
			return n, err
		}
		var m int
		m, err = c.Conn.Write(p[n:min(len(p), n+writePiece)])
		n += m
	}
	return n, err
}
