package main_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"storefront/e2e/internal/attack/weak"
)

// weaknesses are, for each row, the protection that it is about undone.
func (s *weakShop) weaknesses(t testing.TB) map[string]*weak.Weakness {
	t.Helper()
	all := map[string]*weak.Weakness{}
	for _, some := range []map[string]*weak.Weakness{s.ofTokens(t), s.ofClaims(), s.ofRequests(), s.ofFraming(), s.ofLogins(t), s.ofAnswers()} {
		for id, w := range some {
			all[id] = w
		}
	}
	return all
}

func (s *weakShop) ofTokens(t testing.TB) map[string]*weak.Weakness {
	t.Helper()
	const authorization = `(?m)^Authorization: [^\r\n]*`
	key := regexp.MustCompile("jwk|jku|x5u|x5c")
	return map[string]*weak.Weakness{
		"T0": weak.Rewrites(authorization, "Authorization: Bearer x"),
		"T1": s.Forgives(func(t weak.Token) bool { alg, _ := t.Header["alg"].(string); return strings.EqualFold(alg, "none") }),
		"T2": s.Forgives(func(t weak.Token) bool {
			alg, _ := t.Header["alg"].(string)
			return strings.HasPrefix(alg, "HS")
		}),
		"T3": s.Forgives(func(t weak.Token) bool {
			header, err := json.Marshal(t.Header)
			return err == nil && key.Match(header)
		}),
		"T4": s.Forgives(func(t weak.Token) bool { return t.Header["kid"] == "/dev/null" && t.KeyedBy("") }),
		"T6": s.Forgives(func(t weak.Token) bool { return t.Claims != nil }),
		"T14": {Request: func(request []byte) []byte {
			if len(weak.Field(request, "Authorization")) > 8<<10 {
				return weak.Canned(http.StatusInternalServerError, "")
			}
			return request
		}},
		"T15": s.Forgives(func(t weak.Token) bool { return strings.TrimRight(t.Text, "=") != t.Text }),
		"T18": s.Forgives(func(t weak.Token) bool { return t.KeyedBy("secret") }),
		"T12": s.LetsIn(`^GET [^ ]*access_token=`),
		"T13": weak.Answers("Bearer x\r\n", weak.Canned(http.StatusUnauthorized, "jwt: token is malformed")),
		"T19": weak.Answers("^GET /metrics ", weak.Canned(http.StatusOK, "go_goroutines 7")),
		"T21": s.Trusts(),
	}
}

func (s *weakShop) ofClaims() map[string]*weak.Weakness {
	return map[string]*weak.Weakness{
		"T5": s.Forgives(func(t weak.Token) bool { _, ok := t.Header["crit"]; return ok }),
		"T7": s.Forgives(func(t weak.Token) bool { exp, _ := t.Claims["exp"].(float64); return exp < float64(time.Now().Unix()) }),
		"T8": s.Forgives(func(t weak.Token) bool { return t.Claims != nil && t.Claims["aud"] != s.own.claims["aud"] }),
		"T9": s.Forgives(func(t weak.Token) bool { return t.Header["typ"] == "id+jwt" }),
		"T10": s.Forgives(func(t weak.Token) bool { // encoding/json takes any spelling for the field
			var claims struct{ Roles []string }
			return json.Unmarshal(t.RawClaims, &claims) == nil && len(claims.Roles) == 1 && claims.Roles[0] == "admin"
		}),
		"T11": s.Forgives(func(t weak.Token) bool {
			roles, _ := t.Claims["roles"].(string)
			return strings.Contains(roles, "admin")
		}),
		"T20": s.Forgives(func(t weak.Token) bool {
			return t.Claims["email"] == s.target.People["admin"].Email && t.Claims["roles"] == nil
		}),
	}
}

func (s *weakShop) ofRequests() map[string]*weak.Weakness {
	strip := weak.Rewrites(`(?m)^(?:Origin|Sec-Fetch-[A-Za-z]*): [^\r\n]*\r\n`, "")
	return map[string]*weak.Weakness{
		"G1": s.LetsIn(`(?im)^x[-_]user[-_]roles: admin`),
		"G2": s.PassesOn(),
		"G3": weak.Answers(`(?im)^connection: [^\r\n]*authorization`, weak.Canned(http.StatusBadGateway, "")),
		"G4": s.PassesOn(),
		"G5": s.PassesOn(),
		"G6": weak.Rewrites(`(?s)^([A-Z]+) /[^ ]* (HTTP/1.1\r\n.*X-Original-URL: ([^\r\n]*))`, "$1 $3 $2"),
		"G7": {Answer: func(request, answer []byte) []byte {
			if strings.Contains(string(request), "evil.example") {
				return weak.SetField(answer, "Location", "https://evil.example/login")
			}
			return answer
		}},
		"G8": weak.Limits(20, "X-Forwarded-For"),
		"G9": s.LetsIn("kube-probe"),
		"P1": weak.Normalizes(),
		"P2": weak.Rewrites(`^GET http:(?://localhost)?/`, "GET /"),
		"P3": weak.Rewrites(`^GET [^ ]*/healthz `, "GET /healthz "),
		"P4": weak.Normalizes(),
		"P5": weak.Answers("^TRACE ", weak.Canned(http.StatusOK, "X-Mirror: mirrored")),
		"P6": weak.Adds(`^GET [^ ]*X-Split`, "X-Split", "1"),
		"X1": strip,
		"X2": strip,
		"X4": {Request: func(request []byte) []byte {
			if weak.Field(request, "Authorization") != "" {
				return weak.Drop(request, "cookie:")
			}
			return request
		}},
		"W1": weak.Answers("^POST /webhooks/", weak.Canned(http.StatusNoContent, "")),
		"W2": weak.Answers("^POST /webhooks/", weak.Canned(http.StatusNoContent, "")),
		"W3": weak.Answers("^POST /webhooks/", weak.Canned(http.StatusNoContent, "")),
		"U3": {Request: func(request []byte) []byte {
			if strings.HasPrefix(weak.Target(request), "/products") {
				weak.Exchange(s.Inventory, request)
			}
			return request
		}},
		"U4": s.PassesOn(),
	}
}

func (s *weakShop) ofFraming() map[string]*weak.Weakness {
	plain := "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	mends := &weak.Weakness{Request: func([]byte) []byte { return []byte(plain) }}
	return map[string]*weak.Weakness{
		"F1": weak.Unframes(), "F2": weak.Unframes(), "F3": weak.Unframes(), "F4": weak.Unframes(),
		"F5": mends, "F6": mends, "F7": mends,
		"F8": weak.Answers(`^PRI \* HTTP/2.0`, []byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00")),
		"F9": {Request: func(request []byte) []byte { return append(weak.Head(request), "\r\n"...) }},
		"L1": mends,
		"L2": {Request: func([]byte) []byte { return weak.Canned(http.StatusOK, "thank you") }},
		"L3": weak.Answers("(?m)^Range: ", weak.Canned(http.StatusPartialContent, strings.Repeat("x", 1<<16), "Content-Type: multipart/byteranges; boundary=x")),
		"L4": weak.Adds("Accept-Encoding: gzip, br", "Content-Encoding", "gzip"),
	}
}

func (s *weakShop) ofLogins(t testing.TB) map[string]*weak.Weakness {
	t.Helper()
	return map[string]*weak.Weakness{
		"S1": weak.Loses(`([?&])state=[^&\r\n]*`, "${1}state=1"),
		"S2": {Answer: func(request, answer []byte) []byte {
			_, query, ok := strings.Cut(weak.Target(request), "?")
			if to := weak.Field(answer, "Location"); ok && to != "" {
				return weak.SetField(answer, "Location", to+"&"+query)
			}
			return answer
		}},
		"S7": weak.Returns(),
		"S12": {Answer: func(request, answer []byte) []byte {
			_, query, _ := strings.Cut(weak.Target(request), "?")
			if values, err := url.ParseQuery(query); err == nil && values.Get("next") != "" {
				return weak.SetField(answer, "Location", values.Get("next"))
			}
			return answer
		}},
		"S3": s.SignsIn(), "S4": s.SignsIn(), "S5": s.SignsIn(), "S6": s.SignsIn(), "S8": s.SignsIn(), "I1": s.SignsIn(),
		"C1": weak.Loses("; HttpOnly", ""),
		"C2": weak.Adopts(),
		"C3": weak.Rewrites(`fa\.gw\.sid=[^;\r\n]*`, "fa.gw.sid="+s.Session),
		"C4": weak.Rewrites(`^GET /me\?(fa\.gw\.sid=[^& ]*)[^ ]* HTTP/1.1\r\n`, "GET /me HTTP/1.1\r\nCookie: $1\r\n"),
		"C5": weak.Answers("^(?:GET|POST) /logout", weak.Canned(http.StatusSeeOther, "", "Location: /", "Set-Cookie: fa.gw.sid=; Max-Age=0; Path=/")),
		"C6": weak.Remembers("/me"),
	}
}

func (s *weakShop) ofAnswers() map[string]*weak.Weakness {
	return map[string]*weak.Weakness{
		"K1": weak.Loses("Cache-Control: no-store", "Cache-Control: public, max-age=60"),
		"K2": weak.Rewrites(`^GET (/me|/branches/1/products)[^ ]* `, "GET $1 "),
		"K3": weak.Adds("canary-4711", "X-Echo", "canary-4711"),
		"X3": weak.Adds(`(?m)^Origin: https://evil`, "Access-Control-Allow-Origin", "https://evil.example"),
		"X5": weak.Loses("X-Content-Type-Options: [^\r\n]*\r\n", ""),
		"U1": weak.Adds("^GET /products", "Set-Cookie", "fa.gw.sid=planted"),
		"U2": weak.Answers("^GET /products", weak.Canned(http.StatusOK, "half")),
		"I2": {},
		"Z1": weak.Adds("^GET /me", "X-Debug", s.Admin),
	}
}
