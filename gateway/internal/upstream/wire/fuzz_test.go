package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/upstream/wire"
)

// script is a connection whose other end says what it says, whatever is written to it.
type script struct {
	net.Conn
	said io.Reader
}

func (s *script) Read(p []byte) (int, error)     { return s.said.Read(p) }
func (*script) Write(p []byte) (int, error)      { return len(p), nil }
func (*script) Close() error                     { return nil }
func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }

// answer is what a reader makes of bytes.
type answer struct {
	Status int
	Length int64
	Header http.Header
	Body   string
	Reused bool // the connection, for another exchange
}

// ours reads with this package; err is also one of the body.
func ours(method string, said io.Reader) (a answer, err error) {
	dials := 0
	client := wire.New(wire.Config{Dial: func(context.Context) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, errors.New("only one connection")
		}
		return &script{said: said}, nil
	}})
	defer client.Close()
	var req wire.Request
	req.Start(method, "/", "upstream")
	res, err := client.Do(context.Background(), time.Now().Add(time.Hour), &req)
	if err != nil {
		return a, err
	}
	a.Status, a.Length, a.Header = res.Status, res.Length, http.Header{}
	for _, name := range compared {
		if v := res.Values(name); v != nil {
			a.Header[name] = v
		}
	}
	body, err := io.ReadAll(res)
	a.Body = string(body)
	res.Close()
	req.Start("POST", "/", "upstream") // which would not be sent twice
	_, second := client.Do(context.Background(), time.Now().Add(time.Hour), &req)
	a.Reused = !errors.Is(second, wire.ErrConnect)
	return a, err
}

// compared are the fields that both readers are asked for. Those that frame are told by Length and Body.
var compared = []string{"A", "Content-Type", "Etag", "X-Long", "Set-Cookie"}

// theirs reads with net/http.
func theirs(method string, said io.Reader) (a answer, err error) {
	r := bufio.NewReaderSize(said, 1<<20)
	var res *http.Response
	for res == nil || res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
		if res, err = http.ReadResponse(r, &http.Request{Method: method}); err != nil {
			return a, err
		}
	}
	a.Status, a.Length, a.Header = res.StatusCode, res.ContentLength, http.Header{}
	for _, name := range compared {
		if v := res.Header[name]; v != nil {
			a.Header[name] = v
		}
	}
	body, err := io.ReadAll(res.Body)
	a.Body = string(body)
	a.Reused = !res.Close && r.Buffered() == 0 && (res.ContentLength >= 0 || len(res.TransferEncoding) > 0 || method == http.MethodHead || res.StatusCode == 204 || res.StatusCode == 304)
	return a, err
}

// check fails where this package takes an answer that net/http takes for another, or keeps a connection that net/http would not.
func check(t testing.TB, method string, said []byte, piece int) {
	t.Helper()
	got, err := ours(method, &dripping{said, piece})
	if err != nil {
		if got.Reused {
			t.Errorf("%s %q: %v, and the connection is used again", method, said, err)
		}
		return
	}
	want, err := theirs(method, bytes.NewReader(said))
	if err != nil {
		t.Fatalf("%s %q is taken for %+v; net/http: %v", method, said, got, err)
	}
	atOnce := len(said) <= min(piece, 4<<10) // what comes later, a connection shows when it is to be used again
	if got.Reused && !want.Reused && atOnce {
		t.Errorf("%s %q: the connection is used again, which net/http would not", method, said)
	}
	got.Reused = want.Reused
	if got.Length < 0 || method == http.MethodHead || got.Status == 204 || got.Status == 304 {
		want.Length = got.Length // told in other ways where there is no body
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %q (-net/http +ours)\n%s", method, said, diff)
	}
}

// dripping gives its bytes in pieces.
type dripping struct {
	left  []byte
	piece int
}

func (d *dripping) Read(p []byte) (int, error) {
	if len(d.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, d.left[:min(len(d.left), d.piece)])
	d.left = d.left[n:]
	return n, nil
}

const ok = "HTTP/1.1 200 OK\r\n"

// seeds are answers good and bad, of the kinds by which requests and answers have been smuggled.
var seeds = []string{
	ok + "Content-Length: 2\r\n\r\nok",
	ok + "Content-Length: 0\r\n\r\n",
	ok + "A: 1\r\nA: 2\r\nEtag: \"x\"\r\nContent-Length: 1\r\n\r\nx",
	ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	ok + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n",
	ok + "Connection: close\r\n\r\nuntil the end",
	ok + "Connection: keep-alive, Close\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok",
	"HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nextra",
	"HTTP/1.1 304 Not Modified\r\nEtag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
	"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 99 Odd\r\n\r\n", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "",
	ok + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhalf",
	ok + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nhalf",
	ok + "Content-Length: 4, 4\r\n\r\nhalf", ok + "Content-Length: +4\r\n\r\nhalf", ok + "Content-Length: 0x4\r\n\r\nhalf", ok + "Content-Length: -1\r\n\r\n",
	ok + "Content-Length: 99999999999999999999\r\n\r\nhalf", ok + "Content-Length:\r\n\r\nhalf", ok + "Content-Length: 4 4\r\n\r\nhalf",
	ok + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ok + "Transfer-Encoding: identity\r\n\r\nx", ok + "Transfer-Encoding: xchunked\r\nContent-Length: 1\r\n\r\nx",
	ok + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", ok + " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ok + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", ok + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
	ok + "A: 1\r\n Transfer-Encoding: chunked\r\n\r\n", ok + "A: 1\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ok + "A: 1\rB: 2\r\nContent-Length: 0\r\n\r\n", ok + "A: \x00\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\n\n", ok + "Content-Length: 2\r\n\nok", ok + "NoColon\r\n\r\n", ok + ": empty\r\n\r\n", ok + "Sp ace: x\r\n\r\n",
	ok + "Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
	ok + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\n0\r\n\r\n",
	ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nbad trailer\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n2 ;a\r\nok\r\n0\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n2;a=\"\n\"\r\nok\r\n0\r\n\r\n",
	ok + "Content-Length: 2\r\n\r\nok" + ok + "Content-Length: 6\r\n\r\npoison",
	ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + ok + "Content-Length: 6\r\n\r\npoison",
	ok + "Content-Length: 100\r\n\r\nhalf", ok + "Transfer-Encoding: chunked\r\n\r\nff\r\nhalf", ok + "Content-Len",
}

func TestAnswers_readAsNetHTTPDoes(t *testing.T) {
	t.Parallel()
	for i, seed := range seeds {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, piece := range []int{1, 7, 1 << 20} {
				t.Run(fmt.Sprint(i, method, piece), func(t *testing.T) {
					t.Parallel()
					check(t, method, []byte(seed), piece)
				})
			}
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), false, 1<<12)
	}
	f.Fuzz(func(t *testing.T, said []byte, head bool, piece int) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		check(t, method, said, max(1, piece%5000))
	})
}
