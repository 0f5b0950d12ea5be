package attack

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"storefront/e2e/internal/stack"
)

// headerRows are about what a client says of itself.
var headerRows = []Row{
	{ID: "G1", Name: "identity headers in all spellings", Sends: "38 headers with -, _ and in capitals, without and beside a customer's session", Source: "CVE-2025-64484 (oauth2-proxy), CVE-2026-39858 (Traefik), GHSA-f59h-q822-g45g (Caddy)", Must: "401, 403", Doors: []string{stack.Gateway, stack.Inventory}, Class: []int{1, 2}, try: tryIdentity},
	{ID: "G2", Name: "identity headers on their way inward", Sends: "the same on public and private routes", Source: "CVE-2026-30851 (Caddy), CVE-2026-31908 (APISIX)", Must: "no service sees one; one Authorization, the gateway's", Doors: atGateway, Class: []int{1, 2}, try: tryInward},
	{ID: "G3", Name: "Connection lists what the gateway adds", Sends: "Connection: close, Authorization, X-Request-Id", Source: "golang/go#50580, CVE-2021-33197, CVE-2024-45410 (Traefik), CVE-2025-48865 (Fabio)", Must: "200: the service still got the token", Doors: atGateway, Class: []int{6}, try: tryHopByHop},
	{ID: "G4", Name: "forged names in trailers", Sends: "chunked requests with Trailer: X-Forwarded-User, Authorization, X-Roles", Source: "CVE-2026-88004 (Traefik)", Must: "no service sees a trailer", Doors: atGateway, Class: []int{3}, try: tryTrailers},
	{ID: "G5", Name: "Upgrade", Sends: "h2c with HTTP2-Settings, websocket, TLS/1.0", Source: "golang/go#80416", Must: "no 101, no service sees it", Doors: atGateway, Class: []int{5}, try: tryUpgrade},
	{ID: "G6", Name: "headers that name another path or method", Sends: "X-Original-URL, X-Rewrite-URL, X-Forwarded-Uri, X-HTTP-Method-Override, …", Source: "CVE-2026-40575, GHSA-7x63-xv5r-3p2x (oauth2-proxy), GHSA-vhr5-ggp3-qq85 (oathkeeper)", Must: "access as the request line says", Doors: everyDoor, Class: []int{9}, try: tryOverrides},
	{ID: "G7", Name: "Host and X-Forwarded-* from anyone", Sends: "another host, scheme, port and prefix at the login", Source: "CVE-2024-52003 (Traefik), CVE-2023-34036 (Spring), CVE-2024-21498 (caddy-security)", Must: "no Location, cookie or page follows it", Doors: atGateway, Class: []int{9}, try: tryHost},
	{ID: "G8", Name: "client address of one's own choice", Sends: "requests with X-Forwarded-For, X-Real-IP, Forwarded in rotation", Source: "CVE-2020-28483 (gin), CVE-2024-21494 (caddy-security)", Must: "the limiter still counts them", Doors: atGateway, Class: []int{10}, try: tryClientIP},
	{ID: "G9", Name: "health checks as a way in", Sends: "User-Agent of kube-probe, GoogleHC, ELB", Source: "CVE-2026-34457 (oauth2-proxy)", Must: "401", Doors: everyDoor, Class: []int{11}, try: tryHealth},
}

// identities are headers by which proxies tell services who somebody is.
var identities = []string{
	"X-User", "X-User-Id", "X-User-Roles", "X-Roles", "X-Role", "Roles", "X-Gateway-Token", "X-Gateway-Roles", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups",
	"X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Access-Token", "X-Remote-User",
	"Remote-User", "Remote-Groups", "X-Authenticated-User", "X-Consumer-Username", "X-Credential-Identifier", "X-Userinfo", "X-Id-Token", "X-Access-Token", "X-Pomerium-Jwt-Assertion",
	"X-Pomerium-Claim-Email", "X-Goog-Authenticated-User-Email", "X-Goog-Iap-Jwt-Assertion", "X-Amzn-Oidc-Data", "X-Amzn-Oidc-Identity", "X-Ms-Client-Principal", "X-Ms-Client-Principal-Name",
	"Cf-Access-Authenticated-User-Email", "X-Admin", "X-Is-Admin", "X-Token-Subject",
}

// spelled gives each name as it is, with underscores, and in capitals, with a value.
func spelled(names []string, value string) []string {
	var fields []string
	for _, name := range names {
		for _, n := range []string{name, strings.ReplaceAll(name, "-", "_"), strings.ToUpper(name), strings.Replace(name, "-", "_", 1)} {
			fields = append(fields, n+": "+value)
		}
	}
	return fields
}

func tryIdentity(ctx context.Context, p *probe) error {
	all := spelled(identities, "admin")
	at := "GET " + p.private()
	for part := range slices.Chunk(all, 32) {
		p.wants("without a session: "+part[0], p.ask(ctx, at, part...), http.StatusUnauthorized)
	}
	if p.door != stack.Gateway {
		return nil
	}
	cookie, err := p.session(ctx, "customer")
	if err != nil {
		return err
	}
	for part := range slices.Chunk(all, 32) {
		p.wants("beside a session: "+part[0], p.ask(ctx, at, append(slices.Clone(part), cookie)...), http.StatusForbidden)
	}
	return nil
}

// inward are the names that a service may see: the gateway's own, and of the client what negotiates content.
var inward = []string{
	"Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "User-Agent", "X-Request-Id",
	"Content-Length", "Traceparent", "Tracestate", "Accept-Encoding",
}

// listen gives what reached the services, having noted what should not have.
func (p *probe) listen(tap Tap, what string) []Heard {
	heard := tap.Take()
	for _, h := range heard {
		for name := range h.Header {
			if !slices.Contains(inward, name) {
				p.note("%s: %s sees %s", what, h.Service, name)
			}
		}
		if len(h.Trailer) > 0 {
			p.note("%s: %s sees %d trailers", what, h.Service, len(h.Trailer))
		}
		if tokens := h.Header["Authorization"]; len(tokens) != 1 || strings.Contains(tokens[0], "of.the.client") {
			p.note("%s: %s does not see exactly the gateway's token", what, h.Service)
		}
	}
	return heard
}

func tryInward(ctx context.Context, p *probe) error {
	tap, err := p.tap()
	if err != nil {
		return err
	}
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	tap.Take()
	others := []string{"Forwarded: for=1;host=evil.example", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: evil.example", "X_Forwarded_Proto: https", "Via: 1.1 x", "Proxy-Authorization: Basic eDp5", "Te: trailers", "Keep-Alive: 300"}
	for part := range slices.Chunk(append(spelled(identities, "admin"), others...), 32) {
		public := append(slices.Clone(part), "Authorization: Bearer of.the.client")
		p.wants("a public route", p.ask(ctx, "GET /products", public...), http.StatusOK)
		if len(p.listen(tap, "a public route")) != 1 {
			p.note("a public route: not one request reached the service")
		}
		p.wants("a private route", p.ask(ctx, "GET /branches/1/products", append(slices.Clone(part), cookie)...), http.StatusOK)
		p.listen(tap, "a private route")
	}
	p.wants("a foreign token on a private route", p.ask(ctx, "GET /branches/1/products", "Authorization: Bearer of.the.client"), http.StatusUnauthorized)
	if heard := tap.Take(); len(heard) > 0 {
		p.note("a foreign token on a private route: a service is asked")
	}
	return nil
}

func tryHopByHop(ctx context.Context, p *probe) error {
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	for _, field := range []string{
		"Connection: close, Authorization, X-Request-Id", "Connection: close, authorization", "Connection: Authorization, close, Cookie, Host", "Proxy-Connection: Authorization", "Connection: close, Content-Type, Accept",
	} {
		p.wants(field, p.ask(ctx, "GET /products", field), http.StatusOK)
		p.wants(field+" with a session", p.ask(ctx, "GET /branches/1/products", field, cookie), http.StatusOK)
	}
	return nil
}

func tryTrailers(ctx context.Context, p *probe) error {
	tap, err := p.tap()
	if err != nil {
		return err
	}
	const body = "2\r\n{}\r\n0\r\nX-Forwarded-User: admin\r\nAuthorization: Bearer of.the.client\r\nX-Roles: admin\r\n\r\n"
	fields := []string{"Transfer-Encoding: chunked", "Trailer: X-Forwarded-User, Authorization, X-Roles", "Content-Type: application/json"}
	cookie, err := p.session(ctx, "admin")
	if err != nil {
		return err
	}
	tap.Take()
	for _, line := range []string{"GET /products", "GET /branches/1/products", "POST /products", "POST /branches/1/movements"} {
		p.put(ctx, line, body, append(slices.Clone(fields), cookie, "Origin: "+p.base(), "Sec-Fetch-Site: same-origin")...)
		p.listen(tap, line)
	}
	return nil
}

func tryUpgrade(ctx context.Context, p *probe) error {
	var tap Tap
	if p.target.Tap != nil {
		tap = p.target.Tap
		tap.Take()
	}
	for _, fields := range [][]string{
		{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}, {"Connection: Upgrade", "Upgrade: h2c, websocket"},
		{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}, {"Connection: Upgrade", "Upgrade: TLS/1.0"},
	} {
		a := p.ask(ctx, "GET /products", fields...)
		if a.status == http.StatusSwitchingProtocols || a.header.Get("Upgrade") != "" {
			p.note("%s: answered %s", fields[1], a)
		}
		if tap != nil {
			p.listen(tap, fields[1])
		}
	}
	return nil
}

// redirections are headers by which proxies tell which path or method is meant.
var redirections = []string{
	"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Path", "X-Original-Uri", "X-Envoy-Original-Path", "X-Forwarded-Prefix", "X-Proxy-Url", "Request-Uri", "Destination", "X-Http-Path-Override",
}

func tryOverrides(ctx context.Context, p *probe) error {
	private := "/branches/1/products"
	for _, name := range redirections {
		p.wants(name+" of a public path", p.ask(ctx, "GET "+p.private(), name+": /healthz", strings.ReplaceAll(name, "-", "_")+": /healthz"), http.StatusUnauthorized)
		if a := p.ask(ctx, "GET /healthz", name+": "+private); strings.Contains(string(a.body), "quantity") || a.status != http.StatusOK {
			p.note("%s of a private path: answered %s", name, a)
		}
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_METHOD_OVERRIDE"} {
		p.wants(name, p.ask(ctx, "DELETE /healthz", name+": GET"), http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusForbidden)
		p.wants(name+" to TRACE", p.ask(ctx, "GET /healthz", name+": DELETE"), http.StatusOK)
	}
	p.wants("_method", p.ask(ctx, "POST /healthz?_method=GET"), http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusForbidden)
	return nil
}

const evil = "evil.example"

func tryHost(ctx context.Context, p *probe) error {
	plain := p.ask(ctx, "GET /login")
	for _, fields := range [][]string{
		{"Host: " + evil}, {"Host: " + evil + ":80"}, {"X-Forwarded-Host: " + evil}, {"X-Forwarded-Host: " + evil, "X-Forwarded-Proto: https", "X-Forwarded-Port: 443"}, {"Forwarded: host=" + evil + ";proto=https"},
		{"X-Host: " + evil}, {"X-Forwarded-Server: " + evil}, {"X-Forwarded-Prefix: //" + evil}, {"X-Original-Host: " + evil}, {"X_Forwarded_Host: " + evil}, {"X-Forwarded-Scheme: https", "X-Forwarded-Ssl: on", "Front-End-Https: on"},
	} {
		for _, line := range []string{"GET /login", "GET /me", "GET /logout", "GET /"} {
			a := p.ask(ctx, line, append([]string{"Accept: text/html"}, fields...)...)
			if strings.Contains(fmt.Sprint(a.header), evil) || strings.Contains(string(a.body), evil) {
				p.note("%s with %s: the answer follows it", line, fields[0])
			}
			if c, ok := a.sets("fa.gw.sid"); ok && c.Secure != strings.HasPrefix(p.base(), "https:") {
				p.note("%s with %s: Secure follows it", line, fields[0])
			}
		}
		if a := p.ask(ctx, "GET /login", fields...); a.status != plain.status && a.status != http.StatusFound && a.status != http.StatusBadRequest {
			p.note("the login with %s: answered %s", fields[0], a)
		}
	}
	return nil
}

// tryClientIP finds a limit with requests of one address, and then changes what they say of their address.
func tryClientIP(ctx context.Context, p *probe) error {
	const enough = 60
	limited := func(n int) answer {
		lie := fmt.Sprintf("10.%d.%d.1", n/200, n%200)
		return p.ask(ctx, "GET /login", "X-Forwarded-For: "+lie, "X-Real-IP: "+lie, "Forwarded: for="+lie, "CF-Connecting-IP: "+lie, "True-Client-IP: "+lie)
	}
	found := false
	for range enough {
		if found = p.ask(ctx, "GET /login").status == http.StatusTooManyRequests; found {
			break
		}
	}
	if !found {
		return untried("no limit was met in 60 logins: RATE_LIMIT_LOGIN is off there, or wider")
	}
	for n := range 5 {
		p.wants("a limited client with another address", limited(n), http.StatusTooManyRequests)
	}
	return nil
}

func tryHealth(ctx context.Context, p *probe) error {
	for _, agent := range []string{"kube-probe/1.31", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Prometheus/3.0", "curl/8", "Amazon-Route53-Health-Check-Service"} {
		p.wants(agent, p.ask(ctx, "GET "+p.private(), "User-Agent: "+agent), http.StatusUnauthorized)
		p.wants(agent+" to itself", p.ask(ctx, "GET "+p.private()+"?healthz", "User-Agent: "+agent, "X-Health-Check: 1"), http.StatusUnauthorized)
	}
	return nil
}
