package attack

import (
	"context"
	"crypto/rand"
	"maps"
	"math"
	"net/http"
	"strings"
	"time"

	"storefront/e2e/internal/stack"
)

// claimRows are about tokens that are well signed, and say what they should not.
var claimRows = []Row{
	{ID: "T5", Name: "critical extensions", Sends: "crit with names that nobody knows, b64=false", Source: "RFC 7515 §4.1.11", Must: "401", Doors: everyDoor, try: tryCritical},
	{ID: "T7", Name: "times", Sends: "exp past, absent, text, negative, huge; nbf and iat to come", Source: "RFC 7519 §4.1.4, RFC 8725 §3.8", Must: "401", Doors: everyDoor, Class: []int{18}, try: tryTimes},
	{ID: "T8", Name: "another issuer, audience or application", Sends: "iss, aud and applicationId wrong, absent, as lists", Source: "RFC 9068 §4, apache/apisix#13829", Must: "401", Doors: everyDoor, Class: []int{13}, try: tryIssuers},
	{ID: "T9", Name: "kinds of token", Sends: "typ of an ID, logout, DPoP and gateway token; an ID token; the gateway's token as a user's", Source: "RFC 8725 §3.11, §3.12", Must: "401", Doors: everyDoor, Class: []int{13}, try: tryKinds},
	{ID: "T10", Name: "claim names twice or in another case", Sends: "roles, Roles, role\u017f, EXP beside a customer's", Source: "RFC 8725bis duplicate names, golang/go#14750", Must: "401 or 403", Doors: []string{stack.Gateway, stack.Inventory}, try: tryNames},
	{ID: "T11", Name: "roles that are not exactly admin", Sends: "24 shapes and spellings", Source: "OWASP API5:2023", Must: "401 or 403", Doors: []string{stack.Gateway, stack.Inventory}, try: tryRoles},
	{ID: "T20", Name: "e-mail as a credential", Sends: "the admin's e-mail, many @, unverified, without roles", Source: "GHSA-c5c4-8r6x-56w3 (oauth2-proxy)", Must: "401 or 403", Doors: []string{stack.Gateway, stack.Inventory}, Class: []int{25}, try: tryEmails},
}

func tryCritical(ctx context.Context, p *probe) error {
	g, sign, err := p.forger(ctx, "admin")
	if err != nil {
		return err
	}
	for _, header := range []change{
		{"crit": []string{"x-storefront"}, "x-storefront": 1}, {"crit": []string{"exp"}}, {"crit": []string{"b64"}, "b64": false}, {"crit": []string{}}, {"crit": "exp"}, {"b64": false, "crit": []string{"b64"}},
	} {
		p.refuses(ctx, asJSON(header), sign(asJSON(header.to(g.header)), asJSON(g.claims)))
	}
	return nil
}

func tryTimes(ctx context.Context, p *probe) error {
	now := time.Now().Unix()
	return tryEach(ctx, p, "admin", []change{
		{"exp": now - 120}, {"exp": nil}, {"exp": asJSON(now + 600)}, {"exp": true}, {"exp": []int64{now + 600}}, {"exp": map[string]int64{"a": now}}, {"exp": -1},
		{"exp": 0}, {"exp": math.MaxFloat64}, {"nbf": now + 600}, {"iat": now + 600}, {"nbf": "soon"},
	}, http.StatusUnauthorized)
}

// tryEach signs the person's claims with each of the changes.
func tryEach(ctx context.Context, p *probe, name string, changes []change, statuses ...int) error {
	g, sign, err := p.forger(ctx, name)
	if err != nil {
		return err
	}
	for _, c := range changes {
		token := sign(asJSON(g.header), asJSON(c.to(g.claims)))
		p.wants(clip(asJSON(c)), p.ask(ctx, "GET "+p.private(), "Authorization: Bearer "+token), statuses...)
	}
	return nil
}

func tryIssuers(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	iss, _ := g.claims["iss"].(string)
	aud := asText(g.claims["aud"])
	const other = "7b4d2a1e-0000-4000-8000-000000000001"
	return tryEach(ctx, p, "admin", []change{
		{"iss": nil}, {"iss": "http://elsewhere.example"}, {"iss": iss + "/"}, {"iss": strings.ToUpper(iss)}, {"iss": []string{iss}}, {"iss": ""},
		{"aud": nil}, {"aud": other}, {"aud": []string{other}}, {"aud": aud + " " + other}, {"aud": []int{1}}, {"aud": ""}, {"aud": "gateway"},
		{"applicationId": other}, {"aud": "inventory"}, {"aud": "catalog"},
	}, http.StatusUnauthorized)
}

func asText(v any) string {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	text, _ := v.(string)
	return text
}

func tryKinds(ctx context.Context, p *probe) error {
	issued, err := p.tokensOf(ctx, "admin")
	if err != nil {
		return err
	}
	if issued.id != "" {
		p.refuses(ctx, "an ID token", issued.id)
	}
	g, sign, err := p.forger(ctx, "admin")
	if err != nil {
		return err
	}
	for _, typ := range []string{"id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "gateway+jwt", "JWE", "x"} {
		p.refuses(ctx, "typ "+typ, sign(asJSON(change{"typ": typ}.to(g.header)), asJSON(g.claims)))
	}
	key, err := p.gatewayKey()
	if err != nil {
		return err
	}
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": p.target.GatewayIssuer, "sub": "gateway", "aud": p.door, "jti": rand.Text(), "iat": now, "exp": now + 600, "htm": "GET", "data": "/products/7", "roles": []string{"admin"},
	}
	gateway := func(c change) string {
		token, _ := signed(asJSON(map[string]any{"alg": key.Method.Alg(), "typ": "gateway+jwt", "kid": key.ID}), asJSON(c.to(claims)), key.Method, key.Private)
		return token
	}
	p.refuses(ctx, "a gateway token of another request", gateway(nil))
	p.refuses(ctx, "a gateway token of another method", gateway(change{"data": p.private(), "htm": "POST"}))
	p.refuses(ctx, "a gateway token of another service", gateway(change{"data": p.private(), "aud": map[string]string{stack.Catalog: stack.Inventory}[p.door]}))
	if p.door != stack.Catalog { // which takes them for reading
		p.refuses(ctx, "a gateway token", gateway(change{"data": p.private()}))
	}
	return nil
}

// tryNames writes JSON that encoding/json would fold onto the field that is meant.
func tryNames(ctx context.Context, p *probe) error {
	g, sign, err := p.forger(ctx, "customer")
	if err != nil {
		return err
	}
	without := strings.TrimSuffix(asJSON(change{"roles": nil}.to(g.claims)), "}")
	whole := strings.TrimSuffix(asJSON(g.claims), "}")
	for _, claims := range []string{
		whole + `,"roles":["admin"]}`, `{"roles":["admin"],` + whole[1:] + "}", whole + `,"Roles":["admin"]}`, without + `,"Roles":["admin"]}`, without + `,"ROLES":["admin"]}`,
		without + `,"role` + "\u017f" + `":["admin"]}`, without + `,"rol\u0065s":["admin"],"roles":[]}`, without + `,"roles":[],"roles":["admin"]}`, without + `,"role":["admin"]}`,
	} {
		p.wants(clip(claims[max(0, len(claims)-40):]), p.ask(ctx, "GET "+p.private(), "Authorization: Bearer "+sign(asJSON(g.header), claims)), http.StatusUnauthorized, http.StatusForbidden)
	}
	stale := maps.Clone(g.claims)
	stale["exp"], stale["EXP"] = time.Now().Unix()-600, time.Now().Unix()+600
	p.wants("EXP beside exp", p.ask(ctx, "GET "+p.private(), "Authorization: Bearer "+sign(asJSON(g.header), asJSON(stale))), http.StatusUnauthorized)
	return nil
}

func tryRoles(ctx context.Context, p *probe) error {
	var changes []change
	for _, roles := range []any{
		"admin", "superadmin", "admin,customer", map[string]bool{"admin": true}, map[string]string{"0": "admin"}, true, 1, nil, []any{}, []any{""}, []any{"superadmin"}, []any{"Admin"}, []any{"ADMIN"},
		[]any{"admin "}, []any{" admin"}, []any{"admin\x00"}, []any{"\u0430dmin"}, []any{"admin,customer"}, []any{[]any{"admin"}}, []any{map[string]any{"name": "admin"}}, []any{"administrator"},
		[]any{"admin*"}, []any{"*"}, []any{"role:admin"},
	} {
		changes = append(changes, change{"roles": roles})
	}
	changes = append(changes, change{"roles": nil, "role": "admin"}, change{"roles": nil, "groups": []string{"admin"}}, change{"roles": nil, "scope": "admin"}, change{"roles": nil, "realm_access": map[string]any{"roles": []string{"admin"}}})
	return tryEach(ctx, p, "customer", changes, http.StatusUnauthorized, http.StatusForbidden)
}

func tryEmails(ctx context.Context, p *probe) error {
	admin := p.target.People["admin"].Email
	var changes []change
	for _, email := range []string{admin, strings.ToUpper(admin), "x@" + admin, admin + "@evil.example", "x@example.com@evil.example", "admin@ex\u0430mple.com"} {
		changes = append(changes, change{"email": email, "email_verified": false, "preferred_username": email, "upn": email, "roles": nil})
	}
	return tryEach(ctx, p, "customer", changes, http.StatusUnauthorized, http.StatusForbidden)
}
