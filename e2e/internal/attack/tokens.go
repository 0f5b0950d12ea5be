package attack

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// tokenRows are about the signature: who made the token.
var tokenRows = []Row{
	{ID: "T0", Name: "genuine tokens are taken", Sends: "an admin's and a customer's own token", Source: "control: refusing everything is no defence", Must: "200, 403", Doors: everyDoor, try: tryGenuine},
	{ID: "T1", Name: "alg none", Sends: "33 spellings, each with no, an empty-key and the old signature", Source: "RFC 8725 §3.1, CVE-2015-9235", Must: "401", Doors: everyDoor, Class: []int{12}, try: tryNone},
	{ID: "T2", Name: "public key as HMAC secret", Sends: "HS256/384/512 keyed by each published key in 8 encodings", Source: "RFC 8725 §2.1, CVE-2026-39999 (APISIX)", Must: "401", Doors: everyDoor, Class: []int{12}, try: tryConfusion},
	{ID: "T3", Name: "keys that the token brings along", Sends: "jwk, jku, x5u, x5c of an attacker's key", Source: "RFC 8725 §3.10, CVE-2018-0114", Must: "401, and nothing fetched", Doors: everyDoor, try: tryOwnKey},
	{ID: "T4", Name: "kid as a path, a query, a command", Sends: "14 kids, signed by what they would lead to", Source: "RFC 8725 §3.10", Must: "401", Doors: everyDoor, try: tryKid},
	{ID: "T6", Name: "broken signatures", Sends: "each byte flipped, cut, longer, zero, spliced from another token", Source: "RFC 7515 §5.2, CVE-2022-21449", Must: "401", Doors: everyDoor, Class: []int{18}, try: tryBroken},
	{ID: "T14", Name: "tokens that cost", Sends: "9 KB, 300k dots, 10k-deep JSON, 1 MB", Source: "CVE-2025-30204, CVE-2025-27144, CVE-2025-63811", Must: "refused, no 5xx", Doors: everyDoor, Class: []int{20}, try: tryCostly},
	{ID: "T15", Name: "other serializations", Sends: "JWE with PBES2, zip, JSON serialization, BOM, trailing bytes, padding", Source: "RFC 8725 §3.6, CVE-2024-28122", Must: "401", Doors: everyDoor, Class: []int{20}, try: trySerializations},
	{ID: "T18", Name: "guessable secrets", Sends: "HS256 keyed by 36 words", Source: "RFC 8725 §3.5", Must: "401", Doors: everyDoor, try: tryGuesses},
}

// refuses sends the token and notes any answer but 401.
func (p *probe) refuses(ctx context.Context, what, token string, also ...int) {
	p.wants(what, p.ask(ctx, "GET "+p.private(), "Authorization: Bearer "+token), append(also, http.StatusUnauthorized)...)
}

func tryGenuine(ctx context.Context, p *probe) error {
	admin, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	for _, scheme := range []string{"Bearer ", "bearer "} {
		p.wants("an admin with "+scheme, p.ask(ctx, "GET "+p.private(), "Authorization: "+scheme+admin.text), http.StatusOK)
	}
	customer, err := p.accessToken(ctx, "customer")
	if err != nil || p.private() == "/products" {
		return err
	}
	p.wants("a customer", p.ask(ctx, "GET "+p.private(), "Authorization: Bearer "+customer.text), http.StatusForbidden)
	return nil
}

// spellings of alg: none in every letter case, and what careless comparisons take for it.
func spellings() []any {
	var all []any
	for bits := range 16 {
		word := []byte("none")
		for i := range word {
			if bits>>i&1 == 1 {
				word[i] -= 'a' - 'A'
			}
		}
		all = append(all, string(word))
	}
	return append(all, "none ", " none", "none\t", "none\x00", "n\u043ene", "", nil, []string{"none"}, []string{"HS256"}, 0, map[string]string{"alg": "none"}, true,
		"HS384", "HS512", "undefined", "HS256 ", "dir")
}

func tryNone(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	for _, alg := range spellings() {
		header := asJSON(change{"alg": alg}.to(g.header))
		bare := encode(header) + "." + g.parts[1] + "."
		for _, token := range []string{bare, bare + g.parts[2], signedBy(header, asJSON(g.claims), jwt.SigningMethodHS256, nil)} {
			p.refuses(ctx, "alg "+asJSON(alg), token)
		}
	}
	return nil
}

func tryConfusion(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	keys := p.publishedKeys(ctx)
	if len(keys) == 0 {
		return untried("no public key is published")
	}
	for _, k := range keys {
		for _, method := range []*jwt.SigningMethodHMAC{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
			header := asJSON(change{"alg": method.Alg(), "kid": k.kid}.to(g.header))
			p.refuses(ctx, method.Alg()+" keyed by "+k.as, signedBy(header, asJSON(g.claims), method, k.secret))
		}
	}
	return nil
}

func tryKid(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	for _, kid := range []any{
		"../../../../../../dev/null", "/dev/null", "file:///dev/null", "x' UNION SELECT '' -- ", "' OR '1'='1", "|echo", "$(id)", "http://127.0.0.1:9/key", "", " ",
		strings.Repeat("k", 4<<10), 1, []string{"a"}, map[string]any{"a": 1},
	} {
		header := asJSON(change{"alg": "HS256", "kid": kid}.to(g.header))
		for _, secret := range []string{"", "\n", "AA=="} {
			p.refuses(ctx, "kid "+clip(asJSON(kid)), signedBy(header, asJSON(g.claims), jwt.SigningMethodHS256, []byte(secret)))
		}
	}
	return nil
}

func tryBroken(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	other, err := p.accessToken(ctx, "customer")
	if err != nil {
		return err
	}
	signature, err := base64.RawURLEncoding.DecodeString(g.parts[2])
	if err != nil {
		return err
	}
	body := g.parts[0] + "." + g.parts[1] + "."
	for i := range min(len(signature), 64) {
		flipped := append([]byte(nil), signature...)
		flipped[i] ^= 1
		p.refuses(ctx, "a flipped bit", body+base64.RawURLEncoding.EncodeToString(flipped))
	}
	zero := make([]byte, len(signature))
	for what, s := range map[string]string{
		"no signature": "", "a cut one": base64.RawURLEncoding.EncodeToString(signature[:len(signature)-1]), "a longer one": g.parts[2] + "AAAA",
		"zeros": base64.RawURLEncoding.EncodeToString(zero), "r = s = 0 in DER": base64.RawURLEncoding.EncodeToString([]byte{0x30, 6, 2, 1, 0, 2, 1, 0}),
		"one of another token": other.parts[2], "a word": "signature",
	} {
		p.refuses(ctx, what, body+s)
	}
	raised := asJSON(change{"roles": []string{"admin"}}.to(other.claims))
	p.refuses(ctx, "a raised payload", other.parts[0]+"."+encode(raised)+"."+other.parts[2])
	p.refuses(ctx, "a random word", "x")
	return nil
}

func tryCostly(ctx context.Context, p *probe) error {
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	for what, token := range map[string]string{
		"9 KB": strings.Repeat("a", 9<<10), "8 KB of dots": strings.Repeat(".", 8<<10), "300k dots": strings.Repeat(".", 300_000),
		"1 MB": strings.Repeat("a", 1<<20), "deep JSON": encode(`{"alg":"HS256"}`) + "." + encode(deep) + ".x",
		"900 claims": encode(`{"alg":"HS256"}`) + "." + encode("{"+strings.Repeat(`"a":1,`, 900)+`"b":1}`) + ".x",
	} {
		p.refuses(ctx, what, token, 0, http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge)
	}
	return nil
}

func trySerializations(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	pbes2 := encode(`{"alg":"PBES2-HS256+A128KW","enc":"A128CBC-HS256","p2c":2147483647,"p2s":"AAAA"}`)
	flat := asJSON(map[string]string{"protected": g.parts[0], "payload": g.parts[1], "signature": g.parts[2]})
	for what, token := range map[string]string{
		"JWE": pbes2 + ".AAAA.AAAA.AAAA.AAAA", "JWE dir": encode(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`) + "..AAAA.AAAA.AAAA",
		"JSON serialization": strings.ReplaceAll(flat, " ", ""), "JSON in base64": encode(flat),
		"a BOM": encode("\ufeff"+asJSON(g.header)) + "." + g.parts[1] + "." + g.parts[2], "a fourth part": g.text + ".", "trailing bytes": g.text + "AA",
		"padding": g.text + "=", "standard base64": g.parts[0] + "." + g.parts[1] + "." + g.parts[2] + "+/", "a dot in front": "." + g.text,
		"zip": encode(asJSON(change{"zip": "DEF"}.to(g.header))) + "." + g.parts[1] + "." + g.parts[2], "a token twice": g.text + "," + g.text,
	} {
		p.refuses(ctx, what, token)
	}
	return nil
}

var guesses = strings.Fields(`secret password 123456 changeme key jwt jwt-secret your-256-bit-secret your_jwt_secret mysecret supersecret test dev admin
	gateway fusionauth storefront hello qwerty letmein default private s3cr3t token hmac HS256 null undefined none example demo shhhhh secretkey signing-key
	00000000000000000000000000000000 0123456789abcdef0123456789abcdef`)

func tryGuesses(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	header := asJSON(change{"alg": "HS256"}.to(g.header))
	for _, guess := range guesses {
		p.refuses(ctx, "keyed by "+guess, signedBy(header, asJSON(g.claims), jwt.SigningMethodHS256, []byte(guess)))
	}
	return nil
}

func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}
