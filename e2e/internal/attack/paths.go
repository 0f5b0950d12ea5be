package attack

import (
	"context"
	"strings"

	"storefront/e2e/internal/stack"
)

// pathRows are about targets that two programs read differently.
var pathRows = []Row{
	{ID: "P1", Name: "paths that two programs read differently", Sends: "65 spellings, for anybody and for an admin: %2f, %2e%2e, ;, \\, //, dots, NUL, double encoding", Source: "GHSA-p224-6x5r-fjpm (oathkeeper), CVE-2025-32431, CVE-2026-40912, CVE-2026-65600 (Traefik)", Must: "400, or 404", Doors: everyDoor, Class: []int{7}, try: tryTricks},
	{ID: "P2", Name: "targets in another form", Sends: "absolute and opaque URIs, *, authority, fragment", Source: "CVE-2026-88009 (Traefik), RFC 9112 §3.2", Must: "400, no service is asked", Doors: everyDoor, Class: []int{4}, try: tryForms},
	{ID: "P3", Name: "text that widens a public rule", Sends: "queries, fragments and path endings that name a public path", Source: "GHSA-7rh7-c77v-6434, GHSA-pxq7-h93f-9jrg (oauth2-proxy)", Must: "401 or 4xx", Doors: []string{stack.Gateway, stack.Inventory}, Class: []int{8}, try: tryWidening},
	{ID: "P4", Name: "ids that leave their segment", Sends: "40 product and branch ids", Source: "OWASP API7:2023", Must: "4xx, no service is asked", Doors: atGateway, Class: []int{7}, try: tryIDs},
	{ID: "P5", Name: "methods", Sends: "TRACE, CONNECT, lower case, made-up ones", Source: "RFC 9110 §9, ASVS 4.1.4", Must: "4xx or 501, nothing mirrored", Doors: everyDoor, try: tryMethods},
	{ID: "P6", Name: "splitting the answer", Sends: "CR, LF and their encodings in query, cookie and request id", Source: "CWE-113", Must: "no header of the client's making", Doors: everyDoor, try: trySplitting},
}

// tricks each stand for the private path, or lead to it, in the eyes of some program. None is served by a program that reads them plainly.
var tricks = []string{
	"/products/../branches/1/products", "/products/..;/branches/1/products", "/./branches/1/products", "/products/./../branches/1/products", "//branches/1/products", "///branches/1/products",
	"/products//../branches/1/products", "/branches//1/products", "/branches/1//products", "/branches/1/products//", "/branches/1/products/", "/branches/1/products/.", "/branches/1/products/..", "/branches/1/products.",
	"/branches/1/products%20", "/branches/1/products%09", "/branches/1/products%00", "/branches/1/products%00.css", "/branches/1/products;", "/branches/1/products;a=1", "/branches/1/products;.css", "/branches;/1/products",
	"/;/branches/1/products", "/branches/1%2fproducts", "/branches%2f1%2fproducts", "/branches%2F1%2Fproducts", "/%62ranches/1/products", "/branche%73/1/products", "/branches/%31/products", "/branches/1/%70roducts",
	"/products/%2e%2e/branches/1/products", "/products/%2E%2E/branches/1/products", "/products/.%2e/branches/1/products", "/products/%2e./branches/1/products", "/products%2f..%2fbranches%2f1%2fproducts",
	"/products/..%2fbranches/1/products", "/products/%252e%252e/branches/1/products", "/products/%25%32%65%25%32%65/branches/1/products", "/products/..%5cbranches/1/products", "/products%5c..%5cbranches%5c1%5cproducts",
	`/products\..\branches\1\products`, `\branches\1\products`, `/branches\1\products`, "/Branches/1/products", "/BRANCHES/1/PRODUCTS", "/branches/1/Products", "/products/\xc0\xae\xc0\xae/branches/1/products",
	"/products/%c0%ae%c0%ae/branches/1/products", "/products/%u002e%u002e/branches/1/products", "/products/\u2025/branches/1/products", "/products/\uff0e\uff0e/branches/1/products", "/branches/1/products\x7f", "/branches/1/products\x01",
	"/branches/01/products", "/branches/+1/products", "/branches/1.0/products", "/branches/0x1/products", "/healthz/../branches/1/products", "/healthz/%2e%2e/branches/1/products",
	"/branches/../products", "/products/", "/./products", "//products", "/%70roducts", "/products;x",
}

func tryTricks(ctx context.Context, p *probe) error {
	authority := ""
	if g, err := p.accessToken(ctx, "admin"); err == nil {
		authority = "Authorization: Bearer " + g.text
	}
	var tap Tap
	if p.door == stack.Gateway && p.target.Tap != nil {
		tap = p.target.Tap
		tap.Take()
	}
	for _, path := range tricks {
		for _, fields := range [][]string{nil, {authority}} {
			if fields != nil && authority == "" {
				continue
			}
			a := p.ask(ctx, "GET "+path, fields...)
			if !a.refused() {
				p.note("%q: answered %s", path, a)
			}
			if tap != nil && len(tap.Take()) > 0 {
				p.note("%q reaches a service", path)
			}
		}
	}
	return nil
}

func tryForms(ctx context.Context, p *probe) error {
	var tap Tap
	if p.door == stack.Gateway && p.target.Tap != nil {
		tap = p.target.Tap
		tap.Take()
	}
	for _, line := range []string{
		"GET http://localhost/healthz", "GET http:/healthz", "GET http://" + evil + "/branches/1/products", "GET HTTP://localhost/products", "GET https://localhost/products", "GET http:http://x/products", "GET http:http://x/admin",
		"GET http:/products", "GET http:products", "GET products", "GET *", "OPTIONS *", "GET ?", "GET x:y", "GET @" + evil + "/products", "GET //" + evil + "/products", "GET /products#fragment", "GET /#", "GET #",
		"GET file:///etc/passwd", "GET gopher://localhost/", "CONNECT localhost:22", "CONNECT " + evil + ":443", "GET localhost:80", "GET http://user:password@localhost/products", "GET http://[::1]/products", "GET http:///products",
		"GET /products?\xc3\xa9", "GET /products?\x00",
	} {
		a := p.ask(ctx, line)
		if !a.refused() {
			p.note("%q: answered %s", line, a)
		}
		if tap != nil && len(tap.Take()) > 0 {
			p.note("%q reaches a service", line)
		}
	}
	return nil
}

func tryWidening(ctx context.Context, p *probe) error {
	for _, suffix := range []string{
		"?x=/products", "?/products", "?/healthz", "?path=/healthz&x=.css", "%23/products", "#/products", "%3f/products", "?%23/healthz", "/healthz", "/x.css", ".css", "/favicon.ico", "?.js", "/../../../healthz", "?return_to=/products", "&/healthz", ";/healthz",
	} {
		if a := p.ask(ctx, "GET /branches/1/products"+suffix); !a.refused() {
			p.note("%q: answered %s", suffix, a)
		}
	}
	return nil
}

func tryIDs(ctx context.Context, p *probe) error {
	var tap Tap
	if p.target.Tap != nil {
		tap = p.target.Tap
		tap.Take()
	}
	ids := []string{
		"..", ".", "%2e%2e", "%2e%2e%2f", "..%2f..%2fbranches", "%2f", "%252f", "1%2f..", "1%3fadmin=1", "1%23", "1%00", "%00", "1%0d%0aX:y", "1%0a", "@" + evil, "%40" + evil, "http:%2f%2f" + evil, "1;a", `1\..`, "1%5c..",
		"-1", "0", "+1", "01", "1e3", "1.5", "0x1", "%31", "99999999999999999999", "NaN", "null", "one", "1'--", "1%20or%201=1", "$%7bjndi:ldap:x%7d", "{{7*7}}", "*", "1,2", "a%ff", strings.Repeat("1", 300),
	}
	for _, id := range ids {
		for _, path := range []string{"/products/" + id, "/products/" + id + "/image"} {
			a := p.ask(ctx, "GET "+path)
			if !a.refused() {
				p.note("%q: answered %s", path, a)
			}
			if tap != nil && len(tap.Take()) > 0 {
				p.note("%q reaches a service", path)
			}
		}
		if a := p.ask(ctx, "GET /branches/"+id+"/products"); !a.refused() {
			p.note("branch %q: answered %s", id, a)
		}
	}
	return nil
}

func tryMethods(ctx context.Context, p *probe) error {
	for _, method := range []string{"TRACE", "TRACK", "CONNECT", "get", "Get", "GETS", "DEBUG", "PROPFIND", "SEARCH", "PURGE", "BAN", "X", strings.Repeat("M", 1000), "G ET", "GET\t", "\x00", "GE(T"} {
		a := p.ask(ctx, method+" /healthz", "X-Mirror: mirrored", "Cookie: a=mirrored")
		if !a.refused() || strings.Contains(string(a.body), "mirrored") {
			p.note("%.20q: answered %s", method, a)
		}
	}
	return nil
}

func trySplitting(ctx context.Context, p *probe) error {
	for _, bytes := range []string{"%0d%0aX-Split:%201", "\rX-Split: 1", "%E5%98%8A%E5%98%8DX-Split:%201", "%0aSet-Cookie:%20X-Split=1", "\u560a\u560dX-Split: 1"} {
		for _, a := range []answer{
			p.ask(ctx, "GET /login?return_to=/"+strings.ReplaceAll(bytes, " ", "%20")), p.ask(ctx, "GET /"+strings.ReplaceAll(bytes, " ", "%20")), p.ask(ctx, "GET /healthz", "X-Request-Id: abcdefgh"+bytes), p.ask(ctx, "GET /me", "Accept: text/html", "Cookie: fa.gw.sid=x"+bytes),
			p.ask(ctx, "GET /oauth-redirect?state="+strings.ReplaceAll(bytes, " ", "%20")+"&code=x"),
		} {
			_, split := a.header["X-Split"]
			if cookie, ok := a.sets("X-Split"); split || ok && cookie.Value != "" {
				p.note("%q: the client has made a header", bytes)
			}
		}
	}
	return nil
}
