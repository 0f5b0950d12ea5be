package attack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"storefront/e2e/internal/stack"
)

// innerRows are about what stands behind the gateway, and about its settings. They need a stack of our own.
var innerRows = []Row{
	{ID: "U1", Name: "a service that cannot be trusted", Sends: "Set-Cookie, redirects, challenges, CORS, scripts, the text of its fault, hop-by-hop headers", Source: "OWASP API10:2023, ASVS 4.2", Must: "none of it reaches the browser", Doors: atGateway, try: tryService},
	{ID: "U2", Name: "answers that are none", Sends: "two lengths, cut bodies, huge heads, another protocol, 1xx without end", Source: "RFC 9112 §6.3, OWASP API10:2023", Must: "502 or cut, never half an answer as whole", Doors: atGateway, try: tryAnswers},
	{ID: "U3", Name: "credentials for whoever stands in", Sends: "a request whose service fails", Source: "CVE-2026-41181 (Traefik)", Must: "no other service is asked", Doors: atGateway, Class: []int{24}, try: tryFallback},
	{ID: "U4", Name: "credentials without proof", Sends: "random and expired tokens and cookies on private routes", Source: "CVE-2022-29226 (Envoy)", Must: "401, no service is asked", Doors: atGateway, Class: []int{18}, try: tryUnproved},
	{ID: "I1", Name: "a lying identity server", Sends: "answers of the token endpoint in which one thing is wrong", Source: "OpenID Connect Core §3.1.3.7, ASVS 10.5, RFC 9207", Must: "nobody is signed in, no 500", Doors: atGateway, Class: []int{12, 13}, try: tryLies},
	{ID: "I2", Name: "security settings that do nothing", Sends: "starts with one setting wrong", Source: "CVE-2026-31923 (APISIX), CVE-2026-22750 (Spring), GHSA-652x-m2gr-hppm (oauth2-proxy)", Must: "no start", Doors: atGateway, Class: []int{26}, try: trySettings},
}

func tryService(ctx context.Context, p *probe) error {
	tap, err := p.tap()
	if err != nil {
		return err
	}
	defer tap.Answer(nil)
	for _, status := range []int{200, 201, 302, 307, 401, 403, 404, 500, 502, 599} {
		tap.Answer(func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range map[string]string{
				"Set-Cookie": "fa.gw.sid=planted; Path=/", "Access-Control-Allow-Origin": "*", "Server": "inner/1.0", "X-Powered-By": "inner", "Proxy-Authenticate": "Basic", "Refresh": "0; url=https://" + evil,
				"Clear-Site-Data": "*", "Link": "<https://" + evil + ">; rel=preload", "Strict-Transport-Security": "max-age=0", "WWW-Authenticate": "Basic realm=inner", "Content-Type": "text/html", "Public-Key-Pins": "x", "Alt-Svc": "h2=\"" + evil + ":443\"",
			} {
				w.Header().Set(name, value)
			}
			if status != http.StatusCreated {
				w.Header().Set("Location", "https://"+evil+"/")
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"fault":"panic: at /srv/inner.go line 12"}`))
		})
		a := p.ask(ctx, "GET /products")
		for _, name := range []string{"Set-Cookie", "Access-Control-Allow-Origin", "Server", "X-Powered-By", "Proxy-Authenticate", "Refresh", "Clear-Site-Data", "Link", "Strict-Transport-Security", "Public-Key-Pins", "Alt-Svc"} {
			if a.header.Get(name) != "" {
				p.note("%d: %s reaches the browser", status, name)
			}
		}
		if a.header.Get("Location") != "" && a.status != http.StatusForbidden || a.header.Get("WWW-Authenticate") == "Basic realm=inner" {
			p.note("%d: a redirect or a challenge of the service's reaches the browser", status)
		}
		if status >= http.StatusInternalServerError && strings.Contains(string(a.body), "inner.go") {
			p.note("%d: the text of the fault reaches the browser", status)
		}
		if 300 <= a.status && a.status < 400 {
			p.note("%d: the redirect reaches the browser", status)
		}
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
			p.note("%d: scripts of the service's would run", status)
		}
	}
	return nil
}

// broken are answers as they stand on the wire.
var broken = map[string]string{
	"two lengths":           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
	"a length and chunks":   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: x\r\n\r\n{}",
	"a cut body":            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
	"cut chunks":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
	"a huge head":           "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
	"another protocol":      "SSH-2.0-OpenSSH_9.9\r\n",
	"a protocol switch":     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
	"a head without end":    "HTTP/1.1 200 OK\r\nX: y\r\n",
	"a status out of range": "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
	"nothing":               "",
	"a chunk of nonsense":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"a length of nonsense":  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
}

func tryAnswers(ctx context.Context, p *probe) error {
	tap, err := p.tap()
	if err != nil {
		return err
	}
	defer tap.Answer(nil)
	for what, text := range broken {
		tap.Answer(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte(text))
				_ = conn.Close()
			}
		})
		a := p.ask(ctx, "GET /products")
		if a.status != 0 && (a.status < http.StatusInternalServerError || a.status == http.StatusInternalServerError) {
			p.note("%s: answered %s", what, a)
		}
	}
	return nil
}

func tryFallback(ctx context.Context, p *probe) error {
	tap, err := p.tap()
	if err != nil {
		return err
	}
	defer tap.Answer(nil)
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	tap.Take()
	tap.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	for line, service := range map[string]string{"GET /products": stack.Catalog, "GET /branches/1/products": stack.Inventory} {
		p.ask(ctx, line, cookie)
		heard := tap.Take()
		for _, h := range heard {
			if h.Service != service || h.Header.Get("Cookie") != "" {
				p.note("%s: %s is asked, or sees a cookie", line, h.Service)
			}
		}
		if len(heard) > 2 {
			p.note("%s: the service is asked %d times", line, len(heard))
		}
	}
	return nil
}

func tryUnproved(ctx context.Context, p *probe) error {
	tap, err := p.tap()
	if err != nil {
		return err
	}
	for _, field := range []string{
		"Authorization: Bearer x", "Authorization: Bearer " + strings.Repeat("a", 300), "Authorization: Bearer " + encode(`{"alg":"none"}`) + "." + encode(`{"roles":["admin"]}`) + ".", "Authorization: Basic eDp5", "Cookie: fa.gw.sid=" + strings.Repeat("A", 43), "Cookie: fa.gw.sid=", "X-None: 1",
	} {
		for _, line := range []string{"GET /branches/1/products", "GET /branches/2/products", "HEAD /branches/1/products"} {
			p.wants(line+" with "+clip(field), p.ask(ctx, line, field), http.StatusUnauthorized)
			if len(tap.Take()) > 0 {
				p.note("%s with %s: a service is asked", line, clip(field))
			}
		}
	}
	return nil
}

func tryLies(ctx context.Context, p *probe) error {
	liar := p.target.Liar
	if liar == nil {
		return untried("the identity server lies in a stack of our own alone (run it without BASE_URL)")
	}
	defer liar.Tell("")
	for _, lie := range liar.Lies() {
		t, err := p.attempt(ctx, "customer")
		if err != nil {
			return err
		}
		liar.Tell(lie.Name)
		a := p.ask(ctx, "GET "+t.path(nil), t.cookie(p.base()))
		liar.Tell("")
		c, ok := a.sets("fa.gw.sid")
		in := ok && c.Value != "" && p.ask(ctx, "GET /me", "Cookie: "+c.Name+"="+c.Value).served()
		if in != lie.Harmless {
			p.note("%s: signed in is %t", lie.Name, in)
		}
		if a.status == 0 || a.status == http.StatusInternalServerError {
			p.note("%s: answered %s", lie.Name, a)
		}
	}
	return nil
}

// inert are settings each of which must stop the start, whatever the others are.
var inert = []map[string]string{
	{"SESSION_SECRET": "short"}, {"FUSIONAUTH_CLIENT_SECRET": ""}, {"AUTH_MODE": "none"}, {"AUTH_MODE": "HMAC "}, {"AUTHMODE": "jwks"}, {"SESION_SECRET": "x"}, {"ID_TOKEN_ALGS": "none"}, {"ID_TOKEN_ALGS": "RS256,none"}, {"OIDC_SCOPES": "profile"},
	{"FUSIONAUTH_URL": "http://login.example"}, {"GATEWAY_URL": "ftp://shop.example"}, {"GATEWAY_URL": "https://shop.example", "SESSION_SECRET": "demo-0123456789abcdef0123456789abcdef"}, {"TRUSTED_PROXIES": "everyone"}, {"CA_FILE": "/nowhere/ca.pem"},
	{"UPSTREAM_TIMEOUT": "never"}, {"SESSION_STORE": "none"}, {"GATEWAY_SKIP_AUTH": "true"}, {"JWT_SIGNING_KEY": "short", "AUTH_MODE": "hmac"},
}

func trySettings(ctx context.Context, p *probe) error {
	begin := p.target.Begin
	if begin == nil {
		return untried("settings can be tried in a stack of our own alone (run it without BASE_URL)")
	}
	if _, err := begin(ctx, nil); !errors.Is(err, ErrServes) {
		return fmt.Errorf("a gateway with good settings does not serve: %w", err)
	}
	for _, settings := range inert {
		if said, err := begin(ctx, settings); errors.Is(err, ErrServes) {
			p.note("%s: it serves", asJSON(settings))
		} else if err != nil || said == "" {
			p.note("%s: it says nothing, or %v", asJSON(settings), err)
		}
	}
	return nil
}

// lastRows look back on what the others have seen.
var lastRows = []Row{
	{ID: "Z1", Name: "secrets in answers", Sends: "nothing: it reads every answer of this run", Source: "CVE-2024-39315 (Pomerium), ASVS 16.5", Must: "no token, secret or stack trace", Doors: atGateway, Class: []int{23}, try: tryLeaks},
}

func tryLeaks(ctx context.Context, p *probe) error {
	if cookie, err := p.session(ctx, "admin"); err == nil {
		for _, path := range []string{"/me", "/", "/branches/1/products", "/account", "/nowhere"} {
			p.ask(ctx, "GET "+path, cookie, "Accept: text/html")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, leak := range p.leaks {
		p.note("%s", leak)
	}
	return nil
}
