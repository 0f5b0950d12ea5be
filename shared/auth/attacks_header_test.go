package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// T1: the token says which algorithm it wants; nobody listens.
func algorithmAttacks() []attack {
	var list []attack
	for i := range 16 {
		none := []byte("none")
		for bit := range none {
			if i>>bit&1 == 1 {
				none[bit] -= 'a' - 'A'
			}
		}
		list = append(list,
			header("T1 alg none, spelled "+string(none)+", well signed", "", auth.ErrAlgorithm, authtest.Claims{"alg": string(none)}),
			unsigned("T1 alg none, spelled "+string(none)+", not signed", string(none)))
	}
	for _, odd := range []string{
		"", " ", "none ", " none", "none\x00", "\x00none", "no\tne", "none\n", "n\u200bone", "nоne", "ｎｏｎｅ", "null", "undefined",
		"nonenone", "none,HS256", "HS256,none", "HS256 none",
		"HS256 ", " HS256", "hs256", "Hs256", "HS256\x00", "HS-256", "HS2560", "HMACSHA256", "sha256",
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519",
		"dir", "A128KW", "RSA-OAEP", "PBES2-HS256+A128KW", "HS1", "HS384", "HS512",
	} {
		list = append(list, header("T1 alg "+odd+", signed with HS256", "", auth.ErrAlgorithm, authtest.Claims{"alg": odd}))
	}
	for name, v := range map[string]any{
		"absent": authtest.Absent, "null": nil, "number": 256, "bool": true,
		"list": []string{"HS256"}, "object": map[string]string{"alg": "HS256"},
	} {
		list = append(list, header("T1 alg is "+name, "", auth.ErrAlgorithm, authtest.Claims{"alg": v}))
	}
	return append(list,
		really("T1 really signed with HS384", jwt.SigningMethodHS384),
		really("T1 really signed with HS512", jwt.SigningMethodHS512))
}

func unsigned(name, alg string) attack {
	return attack{name, "", auth.ErrAlgorithm, func(t testing.TB, iss *authtest.Issuer) string {
		h := iss.UserHeader(authtest.Claims{"alg": alg})
		return authtest.Encode(h.JSON(t)) + "." + authtest.Encode(iss.UserClaims().JSON(t)) + "."
	}}
}

// really signs with another algorithm and the right secret.
func really(name string, method jwt.SigningMethod) attack {
	return attack{name, "", auth.ErrAlgorithm, func(t testing.TB, iss *authtest.Issuer) string {
		token := jwt.NewWithClaims(method, jwt.MapClaims(iss.UserClaims()))
		signed, err := token.SignedString([]byte(iss.Users.Secret()))
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}}
}

func headerAttacks() []attack {
	list := []attack{
		// T5: golang-jwt does not look at crit, so these are well-signed tokens that it would take.
		header("T5 crit names an extension", "header/crit", auth.ErrHeader, authtest.Claims{"crit": []string{"exp"}, "exp": 1}),
		header("T5 crit names what is not there", "header/crit", auth.ErrHeader, authtest.Claims{"crit": []string{"x-shop"}}),
		header("T5 crit is empty", "header/crit", auth.ErrHeader, authtest.Claims{"crit": []string{}}),
		header("T5 crit is null", "header/crit", auth.ErrHeader, authtest.Claims{"crit": nil}),
		header("T5 crit is a string", "header/crit", auth.ErrHeader, authtest.Claims{"crit": "exp"}),
		header("T5 crit b64", "", auth.ErrHeader, authtest.Claims{"crit": []string{"b64"}, "b64": false}),
		header("T5 b64 false, not critical", "header/b64", auth.ErrHeader, authtest.Claims{"b64": false}),
		header("T5 b64 true", "header/b64", auth.ErrHeader, authtest.Claims{"b64": true}),
		// T15
		header("T15 zip DEF", "header/zip", auth.ErrHeader, authtest.Claims{"zip": "DEF"}),
		header("T15 zip null", "header/zip", auth.ErrHeader, authtest.Claims{"zip": nil}),
		header("T15 enc beside a good alg", "header/enc", auth.ErrHeader, authtest.Claims{"enc": "A128GCM"}),
		// T4
		header("T4 kid is a number", "header/key id", auth.ErrKeyID, authtest.Claims{"kid": 1}),
		header("T4 kid is null", "header/key id", auth.ErrKeyID, authtest.Claims{"kid": nil}),
		header("T4 kid is a list", "header/key id", auth.ErrKeyID, authtest.Claims{"kid": []string{"users-HS256"}}),
		header("T4 kid is an object", "header/key id", auth.ErrKeyID, authtest.Claims{"kid": map[string]string{"kid": "users-HS256"}}),
		header("T4 kid of 20 KB", "", auth.ErrTooLong, authtest.Claims{"kid": strings.Repeat("k", 20<<10)}),
	}
	for _, typ := range []any{
		"id+jwt", "ID+JWT", "logout+jwt", "dpop+jwt", "secevent+jwt", "application/at+jwt", "AT+JWT", "jwt", "Jwt", "JWT ", "JWE",
		"", "gateway", "Gateway+JWT", "gateway+jwt ", "application/gateway+jwt", nil, 1, true, []string{"JWT"}, map[string]string{},
	} {
		list = append(list, header(fmt.Sprintf("T9 typ %#v", typ), "header/type", auth.ErrType, authtest.Claims{"typ": typ}))
	}
	return list
}

// T14, T15: tokens that are none.
func shapeAttacks() []attack {
	part := func(n int, change func(string) string) func(string) string {
		return func(token string) string {
			parts := strings.Split(token, ".")
			parts[n] = change(parts[n])
			return strings.Join(parts, ".")
		}
	}
	list := []attack{
		respell("T15 empty", auth.ErrMalformed, func(string) string { return "" }),
		respell("T15 one part", auth.ErrMalformed, func(s string) string { return strings.ReplaceAll(s, ".", "") }),
		respell("T15 two parts", auth.ErrMalformed, func(s string) string { return s[:strings.LastIndex(s, ".")] }),
		respell("T15 four parts", auth.ErrMalformed, func(s string) string { return s + "." }),
		respell("T15 four parts, first empty", auth.ErrMalformed, func(s string) string { return "." + s }),
		respell("T15 JWE of five parts", auth.ErrMalformed, func(s string) string { return s + ".AAAA.AAAA" }),
		respell("T15 JWE, PBES2 with two billion rounds", auth.ErrMalformed, func(string) string {
			return authtest.Encode(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA"}`) + ".AA.AA.AA.AA"
		}),
		respell("T15 JSON serialization", auth.ErrMalformed, func(s string) string {
			p := strings.Split(s, ".")
			return `{"payload":"` + p[1] + `","protected":"` + p[0] + `","signature":"` + p[2] + `"}`
		}),
		respell("T15 only dots", auth.ErrMalformed, func(string) string { return ".." }),
		respell("T14 300 000 dots", auth.ErrTooLong, func(string) string { return strings.Repeat(".", 300_000) }),
		respell("T14 8 KB of dots", auth.ErrMalformed, func(string) string { return strings.Repeat(".", auth.MaxTokenBytes) }),
		respell("T15 header empty", auth.ErrMalformed, part(0, func(string) string { return "" })),
		respell("T15 standard base64", auth.ErrMalformed, part(1, func(s string) string { return "+/" + s })),
		respell("T15 a letter outside ASCII", auth.ErrMalformed, part(2, func(s string) string { return s[1:] + "é" })),
		respell("T15 one letter too many", auth.ErrMalformed, part(1, func(s string) string { return strings.Repeat("A", 5-len(s)%4) + s })),
		respell("T6 signature with bits after its end", auth.ErrMalformed, part(2, func(s string) string {
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])|1])
		})),
	}
	for n, name := range []string{"header", "payload", "signature"} {
		for what, c := range map[string]string{"padding": "=", "space": " ", "line feed": "\n", "carriage return": "\r", "tab": "\t", "zero": "\x00", "percent": "%"} {
			list = append(list,
				respell("T15 "+what+" after the "+name, auth.ErrMalformed, part(n, func(s string) string { return s + c })),
				respell("T15 "+what+" in the "+name, auth.ErrMalformed, part(n, func(s string) string { return s[:4] + c + s[4:] })))
		}
	}
	return append(list, jsonAttacks()...)
}

// jsonAttacks are well signed; what they hold is not an object, or more than one.
func jsonAttacks() []attack {
	var list []attack
	for name, change := range map[string]func(string) string{
		"nothing":                 func(string) string { return "" },
		"a list":                  func(s string) string { return "[" + s + "]" },
		"a string":                func(string) string { return `"admin"` },
		"null":                    func(string) string { return "null" },
		"true":                    func(string) string { return "true" },
		"a number":                func(string) string { return "1" },
		"a byte order mark":       func(s string) string { return "\ufeff" + s },
		"two objects":             func(s string) string { return s + "{}" },
		"a trailing zero":         func(s string) string { return s + "\x00" },
		"a trailing brace":        func(s string) string { return s + "}" },
		"a trailing comma":        func(s string) string { return s[:len(s)-1] + ",}" },
		"a leading comma":         func(s string) string { return "{," + s[1:] },
		"no end":                  func(s string) string { return s[:len(s)-1] },
		"a comment":               func(s string) string { return "/**/" + s },
		"a form feed":             func(s string) string { return "\f" + s },
		"UTF-16":                  func(s string) string { return "\xff\xfe" + strings.ReplaceAll(s, "", "\x00") },
		"a name of bad UTF-8":     func(s string) string { return `{"\xff":1,` + s[1:] },
		"a value of bad UTF-8":    func(s string) string { return `{"x":"\xc3",` + s[1:] },
		"a surrogate in UTF-8":    func(s string) string { return `{"x":"` + "\xed\xa0\x80" + `",` + s[1:] },
		"a lone surrogate":        func(s string) string { return `{"x":"\ud800",` + s[1:] },
		"a lone low surrogate":    func(s string) string { return `{"x":"\udc00",` + s[1:] },
		"half a pair":             func(s string) string { return `{"x":"\ud83dx\ude00",` + s[1:] },
		"a pair of two halves":    func(s string) string { return `{"x":"\ud83d\ud83d",` + s[1:] },
		"half a pair and an A":    func(s string) string { return `{"x":"\ud83d\u0041",` + s[1:] },
		"a wrong escape":          func(s string) string { return `{"x":"\x41",` + s[1:] },
		"a short escape":          func(s string) string { return `{"x":"\u41",` + s[1:] },
		"a signed escape":         func(s string) string { return `{"x":"\u+041",` + s[1:] },
		"a line break in text":    func(s string) string { return "{\"x\":\"\n\"," + s[1:] },
		"a control after escape":  func(s string) string { return "{\"x\":\"\\n\x01\"," + s[1:] },
		"an escape at the end":    func(s string) string { return `{"x":"\` },
		"single quotes":           func(s string) string { return `{'x':1,` + s[1:] },
		"a bare name":             func(s string) string { return `{x:1,` + s[1:] },
		"no colon":                func(s string) string { return `{"x" 1,` + s[1:] },
		"no value":                func(s string) string { return `{"x":,` + s[1:] },
		"a hex number":            func(s string) string { return `{"x":0x10,` + s[1:] },
		"a number with zeros":     func(s string) string { return `{"x":007,` + s[1:] },
		"a number with a plus":    func(s string) string { return `{"x":+1,` + s[1:] },
		"a number without digits": func(s string) string { return `{"x":-,` + s[1:] },
		"half a fraction":         func(s string) string { return `{"x":1.,` + s[1:] },
		"half an exponent":        func(s string) string { return `{"x":1e,` + s[1:] },
		"NaN":                     func(s string) string { return `{"x":NaN,` + s[1:] },
		"Infinity":                func(s string) string { return `{"x":Infinity,` + s[1:] },
		"True":                    func(s string) string { return `{"x":True,` + s[1:] },
		"half a literal":          func(s string) string { return `{"x":nul,` + s[1:] },
		"an unclosed list":        func(s string) string { return `{"x":[1,` + s[1:] },
		"a list without comma":    func(s string) string { return `{"x":[1 2],` + s[1:] },
		"1 000 brackets": func(s string) string {
			return `{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "," + s[1:]
		},
		"1 000 braces": func(s string) string { return strings.Repeat(`{"x":`, 600) + "1" + strings.Repeat("}", 600) },
	} {
		list = append(list,
			rewrite("T15 header is or has "+name, auth.ErrMalformed, func(h, p string) (string, string) { return change(h), p }),
			rewrite("T15 payload is or has "+name, auth.ErrMalformed, func(h, p string) (string, string) { return h, change(p) }))
	}
	return list
}
