package attack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// limitRows are about how much of it.
var limitRows = []Row{
	{ID: "L1", Name: "huge heads", Sends: "headers of 1 MB and 100 KB, 40000 headers, targets of 3 KB and 1 MB", Source: "OWASP API4:2023", Must: "414, 431 or cut; 4 KB pass", Doors: everyDoor, try: tryHeads},
	{ID: "L2", Name: "bodies that nobody asked for", Sends: "100 MB by length, to GET and POST", Source: "OWASP API4:2023", Must: "not swallowed", Doors: everyDoor, try: tryBodies},
	{ID: "L3", Name: "ranges", Sends: "one, 1000 and overlapping ranges", Source: "CVE-2011-3192 (Apache Killer)", Must: "no multipart, no more than the whole", Doors: atGateway, try: tryRanges},
	{ID: "L4", Name: "compression", Sends: "Accept-Encoding beside a session; a gzip bomb as a body", Source: "CVE-2013-3587 (BREACH), CWE-409", Must: "private answers are not compressed, bodies not unpacked", Doors: atGateway, try: tryCompression},
}

func tryHeads(ctx context.Context, p *probe) error {
	big := strings.Repeat("a", 1<<20)
	tests := []struct {
		what string
		a    answer
	}{
		{"a header of 1 MB", p.ask(ctx, "GET /healthz", "X-Big: "+big)},
		{"a header of 100 KB", p.ask(ctx, "GET /healthz", "X-Big: "+big[:100<<10])},
		{"a cookie of 100 KB", p.ask(ctx, "GET /healthz", "Cookie: fa.gw.sid="+big[:100<<10])},
		{"a name of 100 KB", p.ask(ctx, "GET /healthz", big[:100<<10]+": x")},
		{"40000 headers", p.ask(ctx, "GET /healthz", strings.Repeat("X: y\r\n", 40_000)+"X: y")},
		{"a target of 3 KB", p.ask(ctx, "GET /healthz?q="+big[:3<<10])},
		{"a target of 1 MB", p.ask(ctx, "GET /healthz?q="+big)},
		{"a method of 100 KB", p.ask(ctx, big[:100<<10]+" /healthz")},
	}
	for _, tt := range tests {
		if !tt.a.refused() {
			p.note("%s: answered %s", tt.what, tt.a)
		}
	}
	p.wants("a header of 4 KB", p.ask(ctx, "GET /healthz", "X-Big: "+big[:4<<10]), http.StatusOK)
	return nil
}

// swallowed is more than the buffers of both ends hold.
const announced, swallowed = 100 << 20, 32 << 20

func tryBodies(ctx context.Context, p *probe) error {
	for _, method := range []string{"GET", "POST"} {
		taken, a, err := p.pour(ctx, method)
		if err != nil {
			return err
		}
		if taken > swallowed {
			p.note("%s: %d MB of the body were taken", method, taken>>20)
		}
		if a.served() {
			p.note("%s: answered %s", method, a)
		}
	}
	return nil
}

// pour sends a body of 100 MB as long as it is taken.
func (p *probe) pour(ctx context.Context, method string) (int, answer, error) {
	conn, err := p.wire.connect(ctx, p.base())
	if err != nil {
		return 0, answer{}, err
	}
	defer func() { _ = conn.Close() }()
	u, _ := url.Parse(p.base())
	taken := make(chan int, 1)
	go func() {
		n, _ := fmt.Fprintf(conn, "%s /healthz HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", method, u.Host, announced)
		block := make([]byte, 64<<10)
		for n < announced {
			k, err := conn.Write(block)
			if n += k; err != nil {
				break
			}
		}
		taken <- n
	}()
	a := firstAnswer(conn, method)
	_ = conn.Close()
	return <-taken, a, nil
}

func tryRanges(ctx context.Context, p *probe) error {
	whole := p.ask(ctx, "GET /products")
	many := "Range: bytes=0-" + strings.Repeat(",0-", 1000)
	for _, field := range []string{"Range: bytes=0-1", many, "Range: bytes=0-,1-,2-,3-", "Range: bytes=-9999999999", "Request-Range: bytes=0-,0-", "Range: bytes=9223372036854775807-"} {
		a := p.ask(ctx, "GET /products", field)
		if len(a.body) > len(whole.body)+1024 || strings.HasPrefix(a.header.Get("Content-Type"), "multipart/") || a.status >= http.StatusInternalServerError {
			p.note("%s: answered %s with %d bytes", clip(field), a, len(a.body))
		}
	}
	return nil
}

func tryCompression(ctx context.Context, p *probe) error {
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	for _, path := range []string{"/me", "/branches/1/products", "/"} {
		if a := p.ask(ctx, "GET "+path, cookie, "Accept-Encoding: gzip, br, deflate, zstd"); a.header.Get("Content-Encoding") != "" {
			p.note("GET %s: compressed by %s", path, a.header.Get("Content-Encoding"))
		}
	}
	a := p.put(ctx, "POST /products", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", cookie, "Content-Encoding: gzip", "Content-Type: application/json", "Origin: "+p.base(), "Sec-Fetch-Site: same-origin")
	if !a.refused() {
		p.note("a packed body: answered %s", a)
	}
	return nil
}
