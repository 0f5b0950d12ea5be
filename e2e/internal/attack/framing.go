package attack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// framingRows are about where a request ends. Each probe has a second request hidden in the first: whoever answers both has been tricked.
var framingRows = []Row{
	{ID: "F1", Name: "Content-Length beside Transfer-Encoding", Sends: "both, in both orders, with a request behind the first", Source: "RFC 9112 §6.1, §6.3", Must: "one answer or a refusal, then the end of the connection", Doors: everyDoor, try: tryBoth},
	{ID: "F2", Name: "spellings of Transfer-Encoding", Sends: "tabs, spaces, obs-fold, other codings, twice, capitals", Source: "RFC 9112 §6.1, CVE-2019-16276, CVE-2019-18277 (HAProxy)", Must: "one answer or a refusal", Doors: everyDoor, try: tryEncodings},
	{ID: "F3", Name: "spellings of Content-Length", Sends: "two, a list, +, -, 0x, spaces, overflow", Source: "RFC 9112 §6.3, RFC 9110 §8.6", Must: "400", Doors: everyDoor, try: tryLengths},
	{ID: "F4", Name: "chunks that are none", Sends: "odd sizes, bare LF, long extensions, no end", Source: "RFC 9112 §7.1, CVE-2025-22871", Must: "one answer or a refusal", Doors: everyDoor, try: tryChunks},
	{ID: "F5", Name: "header lines that are none", Sends: "space before the colon, obs-fold, no colon, bare CR, NUL, no name", Source: "RFC 9112 §5.1, §5.2, §2.2", Must: "400", Doors: everyDoor, try: tryLines},
	{ID: "F6", Name: "request lines that are none", Sends: "HTTP/0.9, /2.0, /1.2, garbage, spaces, TLS, SSH", Source: "RFC 9112 §3", Must: "400 or 505, or cut", Doors: everyDoor, try: tryRequestLines},
	{ID: "F7", Name: "Host missing, twice, or none", Sends: "9 forms", Source: "RFC 9112 §3.2", Must: "400", Doors: everyDoor, try: tryHosts},
	{ID: "F8", Name: "HTTP/2 without being asked", Sends: "the connection preface, as prior knowledge and behind a request", Source: "RFC 9113 §3.4, golang/go#80416", Must: "no HTTP/2", Doors: everyDoor, Class: []int{5}, try: tryHTTP2},
	{ID: "F9", Name: "pipelining", Sends: "50 requests in one write", Source: "RFC 9112 §9.3.2", Must: "50 answers in order", Doors: everyDoor, try: tryPipeline},
}

const (
	hidden = "GET /hidden-request HTTP/1.1\r\nHost: localhost\r\n\r\n"
	ended  = "0\r\n\r\n"
)

// smuggle sends a request that begins with these lines and has body, with a request hidden behind. It must have one answer.
func (p *probe) smuggle(ctx context.Context, what string, lines []string, body string) {
	method := "POST"
	u, _ := url.Parse(p.base())
	request := method + " /healthz HTTP/1.1\r\nHost: " + u.Host + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + body
	answers, err := p.wire.speak(ctx, p.base(), []byte(request), 3)
	for _, a := range answers[min(1, len(answers)):] {
		// Where nothing tells a length there is no body, and what was meant for one is no request.
		if hasLength := strings.HasPrefix(lines[0], "Content-Length"); hasLength || a.status != http.StatusBadRequest {
			p.note("%s: what is hidden is answered %s", what, a)
		}
	}
	for _, a := range answers {
		p.watch(what, a)
		if a.status >= http.StatusInternalServerError && a.status != http.StatusNotImplemented {
			p.note("%s: answered %s", what, a)
		}
	}
	if len(answers) == 0 && err == nil {
		p.note("%s: there is neither an answer nor an end", what)
	}
}

type smuggling struct {
	what  string
	lines []string
	body  string
}

func tryBoth(ctx context.Context, p *probe) error {
	n := fmt.Sprint(len(ended))
	each([]smuggling{
		{"the length first", []string{"Content-Length: " + n, "Transfer-Encoding: chunked"}, ended + hidden},
		{"the coding first", []string{"Transfer-Encoding: chunked", "Content-Length: " + n}, ended + hidden},
		{"a length over all", []string{"Content-Length: " + fmt.Sprint(len(ended+hidden)), "Transfer-Encoding: chunked"}, ended + hidden},
		{"a length of 0", []string{"Content-Length: 0", "Transfer-Encoding: chunked"}, ended + hidden},
		{"keep-alive", []string{"Connection: keep-alive", "Content-Length: 4", "Transfer-Encoding: chunked"}, "1\r\nx\r\n" + ended + hidden},
		{"the coding alone", []string{"Transfer-Encoding: chunked", "Connection: keep-alive"}, ended + hidden},
	}, func(s smuggling) { p.smuggle(ctx, s.what, s.lines, s.body) })
	return nil
}

func tryEncodings(ctx context.Context, p *probe) error {
	var all []smuggling
	for _, te := range []string{
		"Transfer-Encoding:\tchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding: chunked\t", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunkedx", "Transfer-Encoding: chunked, identity",
		"Transfer-Encoding: identity, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked;q=1",
		"Transfer-Encoding: cHuNkEd", "TRANSFER-ENCODING: chunked", "Transfer_Encoding: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: x\r\n\tchunked", "X: y\r\n Transfer-Encoding: chunked", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding:", "Transfer-Encoding: \x00chunked", "Transfer-Encoding: chunked\x00", "\tTransfer-Encoding: chunked", " Transfer-Encoding: chunked",
		"Transfer-Encoding: chun\rked", "Transfer\x00-Encoding: chunked", "Foo: bar\rTransfer-Encoding: chunked", "Transfer-Encoding: ch\xeanked", "Transfer-\u00c9ncoding: chunked",
	} {
		// Whoever takes the coding for none ends the first request after the length's bytes, in the middle of what is hidden from the others.
		all = append(all, smuggling{clip(te), []string{"Content-Length: " + fmt.Sprint(len(ended+hidden)), te}, ended + hidden}, smuggling{clip(te) + " alone", []string{te}, ended + hidden})
	}
	each(all, func(s smuggling) {
		p.smuggle(ctx, s.what, s.lines, s.body)
	})
	return nil
}

func tryLengths(ctx context.Context, p *probe) error {
	var all []smuggling
	for _, cl := range []string{
		"Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1, 2", "Content-Length: 0\r\nContent-Length: 5", "Content-Length: +1", "Content-Length: -1", "Content-Length: 0x1", "Content-Length: 1 2", "Content-Length: 1e1", "Content-Length: 1.0", "Content-Length: 1;",
		"Content-Length: 99999999999999999999", "Content-Length: 18446744073709551617", "Content-Length: \x0b1", "Content-Length: 1\x00", "Content-Length : 1", "Content-Length: one", "Content-Length: '1'", "Content-Length: 1_0", "Content-Length: \u0661", "Content-Length:\r\n 1\r\nContent-Length: 2",
	} {
		all = append(all, smuggling{clip(cl), []string{cl}, "x" + hidden})
	}
	each(all, func(s smuggling) {
		p.raw(ctx, fmt.Sprintf("%q", s.what), "POST /healthz HTTP/1.1\r\nHost: localhost\r\n"+s.lines[0]+"\r\n\r\n"+s.body, http.StatusBadRequest)
	})
	return nil
}

func tryChunks(ctx context.Context, p *probe) error {
	long := strings.Repeat("e", 100<<10)
	bodies := []string{
		"+1\r\nx\r\n", "-1\r\nx\r\n", "0x1\r\nx\r\n", "1 \r\nx\r\n", " 1\r\nx\r\n", "1;\r\nx\r\n", "1_0\r\nx\r\n", "1\nx\n", "1\r\nx", "1\r\nxx\r\n", "ffffffffffffffff\r\nx\r\n", "fffffffffffffffff1\r\nx\r\n", "\r\n1\r\nx\r\n", "g\r\nx\r\n",
		"1;" + long + "\r\nx\r\n", "1;a=\"\n\"\r\nx\r\n", "1;a\nb\r\nx\r\n", "1\rx\r\n", "1.0\r\nx\r\n", "00000000000000000000000000001\r\nx\r\n", "1;a=\r\nx\r\n",
	}
	each(bodies, func(body string) {
		p.smuggle(ctx, fmt.Sprintf("%.20q", body), []string{"Transfer-Encoding: chunked", "Connection: keep-alive"}, body+ended+hidden)
	})
	for _, end := range []string{"0\n\n", "0\r\n\n", "0\r\nX: y\r\n Z: y\r\n\r\n", "0\r\nX : y\r\n\r\n", "0\r\nno colon\r\n\r\n", "0;x\r\n\r\n", "00\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n"} {
		p.smuggle(ctx, fmt.Sprintf("end %q", end), []string{"Transfer-Encoding: chunked", "Connection: keep-alive"}, end+hidden)
	}
	return nil
}

// raw sends bytes and wants them refused: not one answer says otherwise.
func (p *probe) raw(ctx context.Context, what, request string, only ...int) {
	answers, err := p.wire.speak(ctx, p.base(), []byte(request), 2)
	for _, a := range answers {
		if !a.refused() || len(only) > 0 && !slices.Contains(only, a.status) {
			p.note("%s: answered %s", what, a)
		}
	}
	if len(answers) == 0 && err == nil {
		p.note("%s: there is neither an answer nor an end", what)
	}
}

func tryLines(ctx context.Context, p *probe) error {
	u, _ := url.Parse(p.base())
	each([]string{
		"X-A : y", "X-A\t: y", "no colon", ": y", " : y", "X\x00: y", "X-A: y\x00z", "X A: y", "X-A: y\rX-B: z", "X-A(: y", "X-A\x7f: y", "X-\xc3\xa9: y", "\x01: y", "X-A: \x01", "X-A: y\x7fz", "{X}: y", "X@: y", "X-A;: y", "Host : x",
	}, func(line string) {
		p.raw(ctx, fmt.Sprintf("%q", line), "GET /healthz HTTP/1.1\r\nHost: "+u.Host+"\r\n"+line+"\r\nConnection: close\r\n\r\n")
	})
	p.raw(ctx, "a fold before the first field", "GET /healthz HTTP/1.1\r\n Host: "+u.Host+"\r\n\r\n")
	p.raw(ctx, "bare CR for line ends", "GET /healthz HTTP/1.1\rHost: "+u.Host+"\rConnection: close\r\r\r\n\r\n")
	return nil
}

func tryRequestLines(ctx context.Context, p *probe) error {
	u, _ := url.Parse(p.base())
	each([]string{
		"GET /healthz", "GET /healthz ", "GET /healthz HTTP", "GET /healthz HTTP/", "GET /healthz HTTP/1", "GET /healthz HTTP/1.", "GET /healthz HTTP/x.y", "GET /healthz HTTP/0.9", "GET /healthz HTTP/2.0", "GET /healthz HTTP/3", "GET /healthz HTTP/1.10", "GET /healthz HTTP/11.1",
		"GET /healthz http/1.1", "GET /healthz HTTPS/1.1", "GET /healthz XTTP/1.1", "GET  /healthz HTTP/1.1", "GET /healthz  HTTP/1.1", "GET\t/healthz\tHTTP/1.1", " GET /healthz HTTP/1.1", "GET /healthz HTTP/1.1 ", "GET /heal thz HTTP/1.1", "GET/healthz HTTP/1.1", "/healthz HTTP/1.1", "GET HTTP/1.1",
		"HTTP/1.1 200 OK", "\x00GET /healthz HTTP/1.1", "GET /healthz\x00 HTTP/1.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "SSH-2.0-OpenSSH_9.9", "EHLO x", "GET /healthz HTTP/1.1\x0b", "G\xc3\x89T /healthz HTTP/1.1", "(GET) /healthz HTTP/1.1",
	}, func(line string) {
		p.raw(ctx, fmt.Sprintf("%q", line), line+"\r\nHost: "+u.Host+"\r\nConnection: close\r\n\r\n")
	})
	return nil
}

func tryHosts(ctx context.Context, p *probe) error {
	for _, lines := range []string{"", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n", "Host: a b\r\n", "Host: a/b\r\n", "Host: user@a\r\n", "Host: a\x00\r\n", "Host: <a>\r\n", "Host: a\\b\r\n"} {
		p.raw(ctx, fmt.Sprintf("%q", lines), "GET /healthz HTTP/1.1\r\n"+lines+"Connection: close\r\n\r\n")
	}
	return nil
}

func tryHTTP2(ctx context.Context, p *probe) error {
	const preface, settings = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	u, _ := url.Parse(p.base())
	upgrade := "GET /healthz HTTP/1.1\r\nHost: " + u.Host + "\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
	for what, request := range map[string]string{"prior knowledge": preface + settings, "behind an upgrade": upgrade + preface + settings} {
		answers, _ := p.wire.speak(ctx, p.base(), []byte(request), 3)
		for _, a := range answers {
			if a.status == http.StatusSwitchingProtocols || a.header.Get("Upgrade") != "" {
				p.note("%s: answered %s", what, a)
			}
		}
		if what == "prior knowledge" && (len(answers) > 0 && answers[0].served()) {
			p.note("%s: answered %s", what, answers[0])
		}
	}
	raw, err := p.firstBytes(ctx, preface+settings, 5)
	if err == nil && raw != "HTTP/" && raw != "" {
		p.note("prior knowledge: the answer begins with %q, a frame of HTTP/2", raw)
	}
	return nil
}

func (p *probe) firstBytes(ctx context.Context, request string, n int) (string, error) {
	conn, err := p.wire.connect(ctx, p.base())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return readSome(conn, request, n)
}

func tryPipeline(ctx context.Context, p *probe) error {
	const n = 50
	u, _ := url.Parse(p.base())
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "GET /healthz HTTP/1.1\r\nHost: %s\r\nX-Request-Id: pipeline-%d\r\n\r\n", u.Host, i)
	}
	answers, _ := p.wire.speak(ctx, p.base(), []byte(b.String()), n)
	for i, a := range answers {
		if a.status != http.StatusOK || a.header.Get("X-Request-Id") != fmt.Sprintf("pipeline-%d", i) {
			p.note("answer %d: %s for %s", i, a, a.header.Get("X-Request-Id"))
		}
	}
	if len(answers) != n {
		p.note("%d answers to %d requests", len(answers), n)
	}
	return nil
}
