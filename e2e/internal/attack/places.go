package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// placeRows are about where a token may stand, and what its refusal says.
var placeRows = []Row{
	{ID: "T12", Name: "tokens in another place", Sends: "a genuine token in query, cookie, body, other headers and schemes, or two of them", Source: "RFC 6750 §2, ASVS 14.2.1", Must: "401 (two credentials: 400)", Doors: everyDoor, Class: []int{18}, try: tryPlaces},
	{ID: "T13", Name: "what a refusal says", Sends: "no token, a wrong one", Source: "RFC 6750 §3, ASVS 16.5", Must: "401, problem+json, a challenge, no cause", Doors: everyDoor, try: tryRefusal},
	{ID: "T19", Name: "addresses without a check", Sends: "unknown paths, HEAD and odd methods without a token", Source: "ASVS 8.3.1, OWASP API9:2023", Must: "nothing served", Doors: behind, try: tryUnchecked},
	{ID: "T21", Name: "one verdict for another need", Sends: "a token that was taken at one route to a stricter one, a hundred times", Source: "CVE-2021-32701, GHSA-4mq7-pvjg-xp2r (oathkeeper), CVE-2026-40155", Must: "403 each time", Doors: []string{"gateway", "inventory"}, Class: []int{21}, try: tryVerdicts},
}

func tryPlaces(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	t, at := g.text, "GET "+p.private()
	for what, a := range map[string]answer{
		"query":                    p.ask(ctx, at+"?access_token="+t),
		"query, as token":          p.ask(ctx, at+"?token="+t+"&jwt="+t),
		"cookie":                   p.ask(ctx, at, "Cookie: access_token="+t+"; Authorization=Bearer "+t+"; token="+t),
		"body":                     p.put(ctx, at, "access_token="+t, "Content-Type: application/x-www-form-urlencoded"),
		"other headers":            p.ask(ctx, at, "X-Authorization: Bearer "+t, "X-Access-Token: "+t, "Proxy-Authorization: Bearer "+t, "X-Auth-Token: "+t, "X-Forwarded-Access-Token: "+t, "X-Id-Token: "+t),
		"underscores":              p.ask(ctx, at, "X_Authorization: Bearer "+t, "HTTP_AUTHORIZATION: Bearer "+t, "Authorization_: Bearer "+t),
		"Basic":                    p.ask(ctx, at, "Authorization: Basic "+t),
		"a made-up scheme":         p.ask(ctx, at, "Authorization: X "+t),
		"JWT":                      p.ask(ctx, at, "Authorization: JWT "+t),
		"no scheme":                p.ask(ctx, at, "Authorization: "+t),
		"words behind it":          p.ask(ctx, at, "Authorization: Bearer "+t+" x"),
		"two of them":              p.ask(ctx, at, "Authorization: Bearer "+t, "Authorization: Bearer "+t),
		"a bad and a good one":     p.ask(ctx, at, "Authorization: Bearer x", "Authorization: Bearer "+t),
		"a good and a bad one":     p.ask(ctx, at, "Authorization: Bearer "+t, "authorization: Bearer x"),
		"a list":                   p.ask(ctx, at, "Authorization: Bearer x, Bearer "+t),
		"the word undefined":       p.ask(ctx, at, "Authorization: Bearer undefined"),
		"an empty one and another": p.ask(ctx, at, "Authorization:", "Authorization: Bearer "+t),
		"password of Basic":        p.ask(ctx, at, "Authorization: Basic "+encode("Bearer:"+t)),
		"trailers":                 p.put(ctx, at, "0\r\nAuthorization: Bearer "+t+"\r\n\r\n", "Transfer-Encoding: chunked", "Trailer: Authorization"),
	} {
		p.wants(what, a, http.StatusUnauthorized, http.StatusBadRequest)
	}
	return nil
}

// causes are words that a refusal must not show.
var causes = []string{"signature", "expired", "kid", "alg", "jwt:", "crypto", "parse", "base64", "audience", "unexpected"}

func tryRefusal(ctx context.Context, p *probe) error {
	at := "GET " + p.private()
	for what, a := range map[string]answer{
		"no token": p.ask(ctx, at), "a word": p.ask(ctx, at, "Authorization: Bearer x"), "another scheme": p.ask(ctx, at, "Authorization: Basic eDp5"),
		"no JWT": p.ask(ctx, at, "Authorization: Bearer "+encode(`{"alg":"HS256"}`)+"."+encode("{")+".x"),
	} {
		if p.door == "catalog" || p.door == "inventory" || strings.HasPrefix(p.private(), "/branches") {
			p.checkRefusal(what, a)
		}
	}
	return nil
}

func (p *probe) checkRefusal(what string, a answer) {
	if !p.wants(what, a, http.StatusUnauthorized) {
		return
	}
	var body struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}
	if json.Unmarshal(a.body, &body) != nil || body.Status != http.StatusUnauthorized || body.Message != "UNAUTHORIZED" {
		p.note("%s: the body lacks status 401 and message UNAUTHORIZED", what)
	}
	if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
		p.note("%s: there is no challenge", what)
	}
	text := bytes.ToLower(a.body)
	for _, cause := range causes {
		if bytes.Contains(text, []byte(cause)) {
			p.note("%s: the body tells the cause: %s", what, cause)
		}
	}
}

func tryUnchecked(ctx context.Context, p *probe) error {
	for _, line := range []string{
		"GET /", "GET /products", "GET /products/1", "GET /branches", "GET /branches/1/products", "HEAD " + p.private(), "GET /admin", "GET /metrics", "GET /debug/pprof/", "GET /debug/vars",
		"GET /.env", "GET /.git/config", "GET /config", "GET /swagger", "GET /openapi.json", "GET /actuator/env", "GET /server-status", "GET /index.html", "GET /api/products", "GET /v1/products",
		"PUT " + p.private(), "DELETE " + p.private(), "PATCH " + p.private(), "POST " + p.private(), "TRACE " + p.private(), "OPTIONS " + p.private(), "PROPFIND " + p.private(), "FOO " + p.private(), "CONNECT localhost:80",
		"get " + p.private(), "GET /.well-known/jwks.json",
	} {
		if a := p.ask(ctx, line, "X-Secret-Echo: mirrored"); a.served() && a.status != http.StatusNoContent || a.status >= http.StatusInternalServerError && !a.refused() || bytes.Contains(a.body, []byte("mirrored")) {
			p.note("%s: answered %s", line, a)
		}
	}
	return nil
}

func tryVerdicts(ctx context.Context, p *probe) error {
	manager, err := p.accessToken(ctx, "manager")
	if err != nil {
		return err
	}
	customer, err := p.accessToken(ctx, "customer")
	if err != nil {
		return err
	}
	admin, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	each(make([]int, 25), func(int) {
		p.wants("an admin at branch 2", p.ask(ctx, "GET /branches/2/products", "Authorization: Bearer "+admin.text), http.StatusOK)
		p.wants("the manager of branch 1 there", p.ask(ctx, "GET /branches/1/products", "Authorization: Bearer "+manager.text), http.StatusOK)
		p.wants("the manager of branch 1 at branch 2", p.ask(ctx, "GET /branches/2/products", "Authorization: Bearer "+manager.text), http.StatusForbidden)
		p.wants("a customer at branch 1", p.ask(ctx, "GET /branches/1/products", "Authorization: Bearer "+customer.text), http.StatusForbidden)
	})
	return nil
}
