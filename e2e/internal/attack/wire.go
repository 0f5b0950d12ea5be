package attack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// wire sends bytes as they stand: a client that means well would mend what is wrong with them.
type wire struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func newWire(transport http.RoundTripper) wire {
	if t, ok := transport.(*http.Transport); ok && t.DialContext != nil {
		return wire{t.DialContext}
	}
	return wire{(&net.Dialer{Timeout: 5 * time.Second}).DialContext}
}

// How long the first answer may take, and each that nobody has asked for.
const (
	patience = 10 * time.Second
	further  = 250 * time.Millisecond
)

// answer is what came back; status is 0 where the connection was cut without one.
type answer struct {
	status    int
	header    http.Header
	body      []byte
	unreached bool // there was not even a connection
	err       error
}

// String tells of the answer what a report needs.
func (a answer) String() string {
	if a.status == 0 {
		return "by nothing"
	}
	return fmt.Sprint(a.status)
}

// sets gives the cookie of a name that the answer sets.
func (a answer) sets(name string) (*http.Cookie, bool) {
	cookies := (&http.Response{Header: a.header}).Cookies()
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == name || c.Name == "__Host-"+name })
	if i < 0 {
		return nil, false
	}
	return cookies[i], true
}

// served reports whether the answer gives what was asked for.
func (a answer) served() bool { return 200 <= a.status && a.status < 300 }

// refused reports whether the client was told that it is at fault, or cut off.
func (a answer) refused() bool {
	return a.status == 0 && !a.unreached || 400 <= a.status && a.status < 500 || a.status == http.StatusNotImplemented || a.status == http.StatusHTTPVersionNotSupported
}

// connect opens a connection to the server of an address.
func (w wire) connect(ctx context.Context, base string) (net.Conn, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	conn, err := w.dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err == nil && u.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})
	}
	return conn, err
}

// one sends a request and gives the first answer.
func (w wire) one(ctx context.Context, base string, request []byte) answer {
	answers, err := w.speak(ctx, base, request, 1)
	if len(answers) > 0 {
		return answers[0]
	}
	return answer{err: err, unreached: errors.Is(err, errUnreached)}
}

var errUnreached = errors.New("not reached")

// speak sends bytes and gives the answers, most at most, until the server closes or falls silent.
func (w wire) speak(ctx context.Context, base string, request []byte, most int) ([]answer, error) {
	conn, err := w.connect(ctx, base)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreached, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = conn.Write(request) }() // a server may answer, and close, before it has read all
	method, _, _ := bytes.Cut(request, []byte(" "))
	in := bufio.NewReader(conn)
	var answers []answer
	for len(answers) < most {
		a, err := readAnswer(in, string(method))
		if err != nil {
			return answers, err
		}
		if a.status != http.StatusContinue {
			answers = append(answers, a)
		}
		method = []byte(http.MethodGet)
		_ = conn.SetReadDeadline(time.Now().Add(further))
	}
	return answers, nil
}

func readAnswer(in *bufio.Reader, method string) (answer, error) {
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return answer{status: res.StatusCode, header: res.Header}, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	return answer{status: res.StatusCode, header: res.Header, body: body, err: err}, nil
}

// requestBytes writes a request with header fields as they stand.
func requestBytes(base, line, body string, fields ...string) []byte {
	var b bytes.Buffer
	b.WriteString(line + " HTTP/1.1\r\n")
	if !has(fields, "host") {
		u, _ := url.Parse(base)
		b.WriteString("Host: " + u.Host + "\r\n")
	}
	if !has(fields, "connection") {
		b.WriteString("Connection: close\r\n")
	}
	if body != "" && !has(fields, "content-length") && !has(fields, "transfer-encoding") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

func has(fields []string, name string) bool {
	return slices.ContainsFunc(fields, func(f string) bool {
		n, _, _ := strings.Cut(f, ":")
		return strings.EqualFold(n, name)
	})
}

// readSome sends bytes and gives the first of what comes back.
func readSome(conn net.Conn, request string, n int) (string, error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		return "", err
	}
	start := make([]byte, n)
	got, err := io.ReadFull(conn, start)
	return string(start[:got]), err
}

// firstAnswer reads one answer from a connection on which somebody else writes.
func firstAnswer(conn net.Conn, method string) answer {
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	a, err := readAnswer(bufio.NewReader(conn), method)
	if err != nil {
		return answer{err: err}
	}
	return a
}
