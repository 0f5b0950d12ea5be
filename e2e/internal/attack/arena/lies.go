package arena

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// lies are all the ways to lie; the first is none, and shows that the others fail for the one thing that is wrong.
var lies = []lie{
	{name: "the truth, signed anew", harmless: true, tokens: claims(nil)},
	{name: "iss of another server", tokens: claims(map[string]any{"iss": "https://evil.example"})},
	{name: "no iss", tokens: claims(map[string]any{"iss": nil})},
	{name: "aud of another client", tokens: claims(map[string]any{"aud": "7b4d2a1e-0000-4000-8000-000000000001"})},
	{name: "no aud", tokens: claims(map[string]any{"aud": nil})},
	{name: "expired", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodRS256, l.key, nil, map[string]any{"exp": past(), "iat": past() - 600})
	}},
	{name: "no exp", tokens: claims(map[string]any{"exp": nil})},
	{name: "not yet valid", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodRS256, l.key, nil, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})
	}},
	{name: "another nonce", tokens: claims(map[string]any{"nonce": "guess"})},
	{name: "no nonce", tokens: claims(map[string]any{"nonce": nil})},
	{name: "another user", tokens: claims(map[string]any{"sub": "7b4d2a1e-0000-4000-8000-000000000002"})},
	{name: "no user", tokens: claims(map[string]any{"sub": nil})},
	{name: "at_hash of another token", tokens: claims(map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})},
	{name: "alg none", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil)
	}},
	{name: "HS256 by the client secret", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodHS256, []byte(l.app.Secret), map[string]any{"kid": nil}, nil)
	}},
	{name: "HS256 by a public key", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodHS256, l.key.N.Bytes(), nil, nil)
	}},
	{name: "a key that is not published", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodRS256, l.own, map[string]any{"kid": "unknown"}, nil)
	}},
	{name: "a foreign key under a known kid", tokens: func(l *liar, answer map[string]any) {
		l.resign(answer, jwt.SigningMethodRS256, l.own, nil, nil)
	}},
	{name: "a broken signature", tokens: func(_ *liar, answer map[string]any) {
		text, _ := answer["id_token"].(string)
		answer["id_token"] = text[:strings.LastIndex(text, ".")+1] + "AAAA"
	}},
	{name: "no signature", tokens: func(_ *liar, answer map[string]any) {
		text, _ := answer["id_token"].(string)
		answer["id_token"] = text[:strings.LastIndex(text, ".")+1]
	}},
	{name: "no ID token", tokens: member("id_token", nil)},
	{name: "an ID token of garbage", tokens: member("id_token", "x.y.z")},
	{name: "an ID token that is a number", tokens: member("id_token", 1)},
	{name: "the access token as ID token", tokens: func(_ *liar, answer map[string]any) { answer["id_token"] = answer["access_token"] }},
	{name: "no access token", tokens: member("access_token", nil)},
	{name: "an access token of garbage", tokens: member("access_token", "x")},
	{name: "the ID token as access token", tokens: func(_ *liar, answer map[string]any) { answer["access_token"] = answer["id_token"] }},
	{name: "an error in a 200", answer: text(http.StatusOK, `{"error":"invalid_grant"}`)},
	{name: "a page", answer: text(http.StatusOK, "<html>")},
	{name: "half an object", answer: func(w http.ResponseWriter, genuine []byte) bool {
		_, _ = w.Write(genuine[:len(genuine)/2])
		return true
	}},
	{name: "16 MB", answer: func(w http.ResponseWriter, genuine []byte) bool {
		_, _ = w.Write([]byte(`{"x":"`))
		_, _ = w.Write([]byte(strings.Repeat("x", 16<<20)))
		_, _ = w.Write([]byte(`",`))
		_, _ = w.Write(genuine[1:])
		return true
	}},
	{name: "a redirect", answer: func(w http.ResponseWriter, _ []byte) bool {
		w.Header().Set("Location", "https://evil.example/token")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}},
	{name: "a fault", answer: text(http.StatusInternalServerError, "panic")},
	{name: "nothing", answer: text(http.StatusNoContent, "")},
}

func member(name string, value any) func(*liar, map[string]any) {
	return func(_ *liar, answer map[string]any) {
		if value == nil {
			delete(answer, name)
			return
		}
		answer[name] = value
	}
}

func text(status int, body string) func(http.ResponseWriter, []byte) bool {
	return func(w http.ResponseWriter, _ []byte) bool {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}
}
