package revocation_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/gateway/internal/revocation"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// forgery makes the signature that comes with a body.
type forgery func(t *testing.T, id identity, body string) string

// What does not prove that FusionAuth sent exactly this body is a 401 and changes nothing.
func TestWebhook_refusesSignatures(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "RS256")
	for name, forge := range map[string]forgery{
		"unsigned":                 func(*testing.T, identity, string) string { return "" },
		"garbage":                  func(*testing.T, identity, string) string { return "a.b.c" },
		"wrong key of the same id": otherKey("events"),
		"wrong key of another id":  otherKey("mine"),
		"no kid":                   bend(func(h, _ authtest.Claims) { delete(h, "kid") }),
		"alg none, signed":         bend(func(h, _ authtest.Claims) { h["alg"] = "none" }),
		"alg none, no signature": func(t *testing.T, id identity, body string) string {
			signed := id.sign(t, body, func(h, _ authtest.Claims) { h["alg"] = "none" })
			return signed[:strings.LastIndexByte(signed, '.')+1]
		},
		"HS256 with the RSA public key as secret": withPublicKey,
		"crit":                   bend(func(h, _ authtest.Claims) { h["crit"] = []string{"exp"} }),
		"typ of an access token": bend(func(h, _ authtest.Claims) { h["typ"] = "at+jwt" }),
		"body changed after it":  func(t *testing.T, id identity, body string) string { return id.sign(t, body+" ", nil) },
		"hash of nothing":        func(t *testing.T, id identity, _ string) string { return id.sign(t, "", nil) },
		"hash in base64url":      spelled(base64.URLEncoding),
		"hash without padding":   spelled(base64.RawStdEncoding),
		"hash in hex":            claim(strings.Repeat("0", 64)),
		"hash is empty":          claim(""),
		"hash is null":           claim(nil),
		"hash is a list":         claim([]string{"x"}),
		"hash in a longer text":  bend(func(_, c authtest.Claims) { c["request_body_sha256"] = c["request_body_sha256"].(string) + "=" }),
		"hash under another name": bend(func(_, c authtest.Claims) {
			c["REQUEST_BODY_SHA256"] = c["request_body_sha256"]
			delete(c, "request_body_sha256")
		}),
		"hash twice": twice,
		"payload is no JSON": func(t *testing.T, id identity, _ string) string {
			return id.key.RawToken(t, plainHeader(t, id), "hash")
		},
		"access token as signature": token("users"),
		"gateway token":             token("gateway"),
		"longer than 8 KB":          bend(func(_, c authtest.Claims) { c["x"] = strings.Repeat("A", auth.MaxTokenBytes) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, id, revocation.NewMemory())
			body := oddlyHashed(t)
			mustRefuse(t, g, g.sendSigned(t, body, forge(t, id, body)), http.StatusUnauthorized)
			if n := g.logged.count("identity event"); n > 0 {
				t.Errorf("a message of nobody knows whom is logged as an event:\n%s", g.logged)
			}
		})
	}
}

func TestWebhook_refusesSeveralSignatures(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	body := message(t, "user.delete", person(alice))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Fusionauth-Signature-Jwt": {g.sign(t, body, nil), "another"}}
	res, err := g.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	mustRefuse(t, g, answer{res.StatusCode, res.Header, string(text)}, http.StatusUnauthorized)
}

// What is signed and no event is refused, and changes nothing.
func TestWebhook_refusesBodies(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "ES256")
	good := message(t, "user.delete", person(alice))
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"nothing":                   {"", 400},
		"truncated JSON":            {good[:len(good)-1], 400},
		"JSON and more":             {good + "{}", 400},
		"a list":                    {"[" + good + "]", 400},
		"no UTF-8":                  {strings.Replace(good, "alice@", "\xff@", 1), 400},
		"no event":                  {`{"Event":{}}`, 400},
		"event is null":             {`{"event":null}`, 400},
		"two events":                {`{"event":{},` + good[1:], 400},
		"no createInstant":          {message(t, "user.delete", person(alice), fields{"createInstant": authtest.Absent}), 400},
		"createInstant is a text":   {message(t, "user.delete", person(alice), fields{"createInstant": "1733054400000"}), 400},
		"createInstant is a part":   {message(t, "user.delete", person(alice), fields{"createInstant": 1733054400000.5}), 400},
		"createInstant is negative": {message(t, "user.delete", person(alice), fields{"createInstant": -1}), 400},
		"createInstant in micros":   {message(t, "user.delete", person(alice), fields{"createInstant": noon.UnixMicro()}), 400},
		"future createInstant":      {message(t, "user.delete", person(alice), created(revocation.Leeway+time.Millisecond)), 400},
		"no id":                     {message(t, "user.delete", person(alice), fields{"id": ""}), 400},
		"no type":                   {message(t, "", person(alice)), 400},
		"wrong content type":        {good, 415},
		"more than 256 KB":          {message(t, "user.delete", person(alice), fields{"x": strings.Repeat("x", revocation.MaxBody)}), 413},
		"10 MB body":                {strings.Repeat("x", 10<<20), 413},
		"10 MB body in chunks":      {strings.Repeat("x", 10<<20), 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, id, revocation.NewMemory())
			header := map[string]string{"Content-Type": "application/json", revocation.SignatureHeader: id.sign(t, tt.body, nil)}
			var body io.Reader = strings.NewReader(tt.body)
			switch name {
			case "wrong content type":
				header["Content-Type"] = "text/plain"
			case "10 MB body in chunks":
				body = io.MultiReader(body)
			}
			mustRefuse(t, g, g.post(t, body, header), tt.status)
		})
	}
}

// Strangers cannot make the gateway read: nothing is read before the signature holds.
func TestWebhook_readsNothingOfStrangers(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	pipe, feed := io.Pipe()
	defer func() { _ = feed.Close() }()
	a := g.post(t, pipe, map[string]string{"Content-Type": "application/json"}) // answered, though the body never comes
	mustRefuse(t, g, a, http.StatusUnauthorized)
}

// The event that a refused one could have been is taken, at the edge of what is allowed.
func TestWebhook_takesTheEdge(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	g.mustTake(t, message(t, "user.delete", person(bob), created(revocation.Leeway)))
	big := message(t, "user.delete", person(alice))
	g.mustTake(t, big+strings.Repeat(" ", revocation.MaxBody-len(big)))
	if !g.refuses(alice, 0) || !g.refuses(bob, revocation.Leeway) {
		t.Error("an event at the edge changes nothing")
	}
}

func mustRefuse(t *testing.T, g *gateway, a answer, status int) {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s: %s, want a %d problem", a.status, a.header.Get("Content-Type"), a.body, status)
	}
	challenge := ""
	if status == http.StatusUnauthorized {
		challenge = revocation.SignatureHeader
	}
	if got := a.header.Get("WWW-Authenticate"); got != challenge {
		t.Errorf("WWW-Authenticate: %q, want %q", got, challenge)
	}
	if g.list.Size() > 0 || len(g.sessions.all()) > 0 {
		t.Errorf("it was refused and changed something: %d revocations, sessions %v", g.list.Size(), g.sessions.all())
	}
}

func bend(change func(header, claims authtest.Claims)) forgery {
	return func(t *testing.T, id identity, body string) string { return id.sign(t, body, change) }
}

func claim(v any) forgery {
	return bend(func(_, c authtest.Claims) { c["request_body_sha256"] = v })
}

func otherKey(kid string) forgery {
	return func(t *testing.T, _ identity, body string) string {
		return identity{key: authtest.NewKey(t, "RS256", kid)}.sign(t, body, nil)
	}
}

// spelled is the right hash in a wrong alphabet.
func spelled(encoding *base64.Encoding) forgery {
	return func(t *testing.T, id identity, body string) string {
		sum := sha256.Sum256([]byte(body))
		return claim(encoding.EncodeToString(sum[:]))(t, id, body)
	}
}

// oddlyHashed is an event whose hash has another text in each alphabet.
func oddlyHashed(t *testing.T) string {
	for {
		body := message(t, "user.delete", person(alice))
		sum := sha256.Sum256([]byte(body))
		if strings.ContainsAny(base64.StdEncoding.EncodeToString(sum[:]), "+/") {
			return body
		}
	}
}

func twice(t *testing.T, id identity, body string) string {
	sum := sha256.Sum256([]byte(body))
	hash := base64.StdEncoding.EncodeToString(sum[:])
	return id.key.RawToken(t, plainHeader(t, id), `{"request_body_sha256":"`+hash+`","request_body_sha256":"`+hash+`"}`)
}

func plainHeader(t *testing.T, id identity) string {
	return authtest.Claims{"alg": id.key.Key.Algorithm, "kid": id.key.Key.ID}.JSON(t)
}

// token is one that the very keys of the webhook have signed.
func token(kind string) forgery {
	return func(t *testing.T, id identity, _ string) string {
		iss := &authtest.Issuer{Users: id.key, Gateway: id.key, Now: time.Now}
		if kind == "users" {
			return iss.UserToken(t)
		}
		return iss.GatewayToken(t, "catalog", auth.Target{Method: "POST", URI: "/webhooks/fusionauth"})
	}
}

func withPublicKey(t *testing.T, id identity, body string) string {
	der, err := x509.MarshalPKIXPublicKey(id.key.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	sum := sha256.Sum256([]byte(body))
	forged := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"request_body_sha256": base64.StdEncoding.EncodeToString(sum[:])})
	forged.Header["kid"] = id.key.Key.ID
	text, err := forged.SignedString(bytes.TrimSpace(block))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
