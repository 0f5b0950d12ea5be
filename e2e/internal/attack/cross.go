package attack

import (
	"context"
	"net/http"
	"strings"
)

// crossRows are about other sites in the user's browser.
var crossRows = []Row{
	{ID: "X1", Name: "cross-site requests", Sends: "unsafe methods from another site, a sibling, a frame without origin", Source: "RFC 9700 §4.7, ASVS 3.5, CWE-352", Must: "403, and nothing changes", Doors: atGateway, try: tryForgery},
	{ID: "X2", Name: "logout by a link", Sends: "GET /logout from another site, HEAD ahead of time", Source: "CWE-352", Must: "the session goes on", Doors: atGateway, Class: []int{15}, try: tryLogoutLink},
	{ID: "X3", Name: "reading across origins", Sends: "Origin of another site, null, a lookalike; preflights", Source: "ASVS 3.4.2, Fetch standard", Must: "no Access-Control-Allow-*", Doors: everyDoor, try: tryCORS},
	{ID: "X4", Name: "a cookie and a token at once", Sends: "a customer's session with an admin's token, and the reverse", Source: "RFC 6750 §2, OWASP API2:2023", Must: "400, nothing forwarded", Doors: atGateway, Class: []int{2}, try: tryTwoCredentials},
	{ID: "X5", Name: "framing and sniffing", Sends: "pages and documents", Source: "ASVS 3.4", Must: "nosniff; pages cannot be framed", Doors: atGateway, try: tryPages},
}

// strangers are what browsers say of a request that another site has made.
func strangers(base string) [][]string {
	return [][]string{
		{"Origin: https://" + evil, "Sec-Fetch-Site: cross-site"}, {"Origin: https://" + evil}, {"Origin: null", "Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site", "Origin: http://sub.localhost"}, {"Origin: null"},
		{"Origin: " + base + "." + evil}, {"Origin: " + strings.Replace(base, "http://", "https://x", 1)},
	}
}

func tryForgery(ctx context.Context, p *probe) error {
	cookie, err := p.fresh(ctx, "admin")
	if err != nil {
		return err
	}
	lines := []string{"POST /logout", "POST /logout/everywhere", "POST /products", "DELETE /products/999999", "PUT /products/999999", "POST /branches/1/movements"}
	for _, line := range lines {
		for _, stranger := range strangers(p.base()) {
			for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain"} {
				a := p.put(ctx, line, "a=b", append([]string{cookie, "Content-Type: " + kind}, stranger...)...)
				p.wants(line+" with "+strings.Join(stranger, ", "), a, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed)
			}
		}
	}
	p.wants("the session afterwards", p.ask(ctx, "GET /me", cookie), http.StatusOK)
	return nil
}

func tryLogoutLink(ctx context.Context, p *probe) error {
	cookie, err := p.fresh(ctx, "customer")
	if err != nil {
		return err
	}
	for _, fields := range [][]string{{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, {"Sec-Fetch-Site: same-site"}, {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}} {
		p.ask(ctx, "GET /logout?state=x&return_to=//"+evil, append(fields, cookie)...)
		p.wants("after a link with "+fields[0], p.ask(ctx, "GET /me", cookie), http.StatusOK)
	}
	p.ask(ctx, "HEAD /logout", cookie)
	p.wants("after HEAD", p.ask(ctx, "GET /me", cookie), http.StatusOK)
	return nil
}

func tryCORS(ctx context.Context, p *probe) error {
	cookie, err := p.session(ctx, "customer")
	if err != nil {
		cookie = "X-None: 1"
	}
	for _, origin := range []string{"https://" + evil, "null", p.base() + "." + evil, "https://localhost." + evil, "http://" + evil + ".localhost", "file://"} {
		for _, a := range []answer{
			p.ask(ctx, "GET "+p.private(), "Origin: "+origin, cookie), p.ask(ctx, "GET /healthz", "Origin: "+origin),
			p.ask(ctx, "OPTIONS "+p.private(), "Origin: "+origin, "Access-Control-Request-Method: DELETE", "Access-Control-Request-Headers: authorization", "Access-Control-Request-Private-Network: true"),
		} {
			for name := range a.header {
				if strings.HasPrefix(name, "Access-Control-Allow-") {
					p.note("Origin %s: answered with %s", origin, name)
				}
			}
		}
	}
	return nil
}

func tryTwoCredentials(ctx context.Context, p *probe) error {
	admin, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	cookie, err := p.session(ctx, "customer")
	if err != nil {
		return err
	}
	for _, line := range []string{"GET /branches/1/products", "GET /me", "GET /products", "POST /logout"} {
		p.wants(line, p.ask(ctx, line, cookie, "Authorization: Bearer "+admin.text), http.StatusBadRequest)
	}
	p.wants("two tokens and a cookie", p.ask(ctx, "GET /me", cookie, "authorization: bearer x", "Authorization: Bearer "+admin.text), http.StatusBadRequest)
	return nil
}

func tryPages(ctx context.Context, p *probe) error {
	for _, path := range []string{"/", "/products", "/me", "/nowhere", "/healthz"} {
		a := p.ask(ctx, "GET "+path, "Accept: text/html")
		if a.header.Get("X-Content-Type-Options") != "nosniff" {
			p.note("GET %s: no nosniff", path)
		}
		policy := a.header.Get("Content-Security-Policy")
		if (a.status < 300 || a.status >= 400) && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && !strings.Contains(policy, "frame-ancestors") && a.header.Get("X-Frame-Options") == "" {
			p.note("GET %s: the page can be framed", path)
		}
	}
	return nil
}
