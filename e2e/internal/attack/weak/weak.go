// Package weak is a door that does everything wrong on demand. It is for tests alone: it stands in front of a real service, and each
// [Weakness] undoes one of its protections, so that an attack which the service withstands has to succeed. Without a weakness it passes
// bytes on as they are.
//
//	door, err := weak.Open(realURL)
//	door.Be(&weakness)
package weak

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Weakness is one thing done wrong.
type Weakness struct {
	// Request changes a request on its way to the service, or gives the answer to it, which begins with HTTP/.
	Request func(request []byte) []byte
	// Answer changes the answer.
	Answer func(request, answer []byte) []byte
}

// Door is a listener in front of one service.
type Door struct {
	listener net.Listener
	mu       sync.Mutex
	service  string // its host and port
	weakness *Weakness
}

// Open opens a door; Face says later what stands behind it.
func Open() (*Door, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the test
	if err != nil {
		return nil, err
	}
	d := &Door{listener: l}
	go d.serve()
	return d, nil
}

// URL is the address of the door.
func (d *Door) URL() string {
	_, port, _ := net.SplitHostPort(d.listener.Addr().String())
	return "http://localhost:" + port
}

// Face sets the service behind the door.
func (d *Door) Face(url string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.service = strings.TrimPrefix(url, "http://")
}

// Be makes the door weak, or with nil strong again.
func (d *Door) Be(w *Weakness) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.weakness = w
}

// Close closes the door.
func (d *Door) Close() error { return d.listener.Close() }

func (d *Door) serve() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.handle(conn)
	}
}

func (d *Door) handle(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	d.mu.Lock()
	service, weakness := d.service, d.weakness
	d.mu.Unlock()
	if weakness == nil {
		pipe(conn, service)
		return
	}
	request := readRequest(conn)
	if bytes.Contains(request, []byte("User-Agent: Go-http-client")) {
		request = SetField(request, "Connection", "close") // or the browser would wait to use the connection again
	}
	sent := request
	if weakness.Request != nil {
		sent = weakness.Request(bytes.Clone(request))
	}
	answer := sent
	if !bytes.HasPrefix(sent, []byte("HTTP/")) && !bytes.HasPrefix(sent, []byte("\x00")) {
		answer = Exchange(service, sent)
	}
	if weakness.Answer != nil {
		answer = weakness.Answer(request, answer)
	}
	_, _ = conn.Write(answer)
}

// pipe passes bytes both ways until one end closes.
func pipe(conn net.Conn, service string) {
	inner, err := net.Dial("tcp", service) //nolint:noctx // it ends with the client
	if err != nil {
		return
	}
	defer func() { _ = inner.Close() }()
	go func() {
		_, _ = io.Copy(inner, conn)
		_ = inner.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, inner)
}

// How long a silence ends a request of unknown length, and an answer.
const (
	pause = 30 * time.Millisecond
	rest  = 150 * time.Millisecond
)

// kept is how much of a request is looked at; the rest is read and forgotten.
const kept = 2 << 20

// readRequest reads until a request without a body has ended, or silence.
func readRequest(conn net.Conn) []byte {
	var request []byte
	block := make([]byte, 64<<10)
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	for {
		n, err := conn.Read(block)
		if len(request) < kept {
			request = append(request, block[:n]...)
		}
		if err != nil || bytes.HasSuffix(request, []byte("\r\n\r\n")) && !bytes.Contains(bytes.ToLower(request), []byte("content-length")) && !bytes.Contains(bytes.ToLower(request), []byte("encoding:")) {
			return request
		}
		_ = conn.SetReadDeadline(time.Now().Add(pause))
	}
}

// Exchange sends a request to a service as it stands and gives all that comes back.
func Exchange(service string, request []byte) []byte {
	conn, err := net.Dial("tcp", service) //nolint:noctx // deadlines end it
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close() }()
	go func() { _, _ = conn.Write(request) }()
	var answer []byte
	block := make([]byte, 64<<10)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		n, err := conn.Read(block)
		answer = append(answer, block[:n]...)
		if err != nil {
			return answer
		}
		_ = conn.SetReadDeadline(time.Now().Add(rest))
	}
}

// Canned is an answer without the service.
func Canned(status int, body string, fields ...string) []byte {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for _, f := range fields {
		head += f + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}
