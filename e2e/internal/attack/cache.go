package attack

import (
	"context"
	"net/http"
	"strings"
)

// cacheRows are about what caches keep.
var cacheRows = []Row{
	{ID: "K1", Name: "private answers in a cache", Sends: "pages and documents of a session, and what sets cookies", Source: "CVE-2025-48947 (nextjs-auth0), CVE-2025-64762 (authkit-nextjs)", Must: "no-store or private", Doors: atGateway, Class: []int{22}, try: tryPrivate},
	{ID: "K2", Name: "cache deception", Sends: "private addresses that end like a style sheet, with a session", Source: "OWASP web cache deception, CVE-2026-65600", Must: "nothing private, nothing cacheable", Doors: atGateway, Class: []int{22}, try: tryDeception},
	{ID: "K3", Name: "cache poisoning", Sends: "unkeyed headers at public pages", Source: "PortSwigger, practical web cache poisoning", Must: "the answer does not repeat them", Doors: atGateway, Class: []int{9}, try: tryPoisoning},
}

func kept(a answer) bool {
	control := a.header.Get("Cache-Control")
	return !strings.Contains(control, "no-store") && !strings.Contains(control, "private")
}

func tryPrivate(ctx context.Context, p *probe) error {
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	for _, path := range []string{"/me", "/branches/1/products", "/branches/2/products", "/login"} {
		if a := p.ask(ctx, "GET "+path, cookie); kept(a) {
			p.note("GET %s: Cache-Control is %q", path, a.header.Get("Cache-Control"))
		}
	}
	if a := p.ask(ctx, "GET /", cookie, "Accept: text/html"); kept(a) && !strings.Contains(a.header.Get("Vary"), "Cookie") {
		p.note("GET /: a page of a session may be kept for others")
	}
	for _, path := range []string{"/me", "/branches/1/products", "/oauth-redirect?state=x&code=y"} {
		if a := p.ask(ctx, "GET "+path, "Accept: text/html"); kept(a) {
			p.note("GET %s without a session: Cache-Control is %q", path, a.header.Get("Cache-Control"))
		}
	}
	return nil
}

func tryDeception(ctx context.Context, p *probe) error {
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	email := p.target.People["admin"].Email
	for _, base := range []string{"/me", "/branches/1/products"} {
		for _, suffix := range []string{"/x.css", "/x.js", ".css", ".png", ";x.css", "%2fx.css", "%3fx.css", "%23x.css", "%00.css", "%0a.css", "/.css", "//x.css", "/..%2fx.css", "/static/x.css", "\\x.css", "/robots.txt", "/favicon.ico"} {
			a := p.ask(ctx, "GET "+base+suffix, cookie)
			if strings.Contains(string(a.body), email) || strings.Contains(string(a.body), "quantity") || a.served() {
				p.note("GET %s%s: answered %s", base, suffix, a)
			}
			if strings.Contains(a.header.Get("Cache-Control"), "public") {
				p.note("GET %s%s: it may be kept", base, suffix)
			}
		}
	}
	if a := p.ask(ctx, "GET /static/../me", cookie); a.served() {
		p.note("GET /static/../me: answered %s", a)
	}
	return nil
}

func tryPoisoning(ctx context.Context, p *probe) error {
	const canary = "canary-4711"
	for _, path := range []string{"/", "/products", "/healthz"} {
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Forwarded-Scheme", "X-Original-Url", "Origin", "User-Agent", "Referer", "X-Forwarded-For", "Accept-Language", "X-Forwarded-Prefix", "True-Client-Ip"} {
			a := p.ask(ctx, "GET "+path, name+": "+canary)
			if strings.Contains(string(a.body), canary) || !a.served() && a.status != http.StatusNotAcceptable {
				p.note("GET %s with %s: answered %s", path, name, a)
			}
			for field, values := range a.header {
				if strings.Contains(strings.Join(values, ","), canary) {
					p.note("GET %s with %s: repeated in %s", path, name, field)
				}
			}
		}
	}
	return nil
}
