package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// BenchmarkVerify is what the first request with a token costs, and every one with a gateway token.
func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(b, algorithm)
		cfg := iss.Config("catalog")
		cfg.Forgetful = true
		v, err := auth.NewVerifier(cfg)
		if err != nil {
			b.Fatal(err)
		}
		for kind, token := range map[string]string{
			"user":    iss.UserToken(b, authtest.Claims{"roles": []string{"admin"}}),
			"gateway": iss.GatewayToken(b, "catalog", product),
		} {
			b.Run(algorithm+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := v.Verify(b.Context(), token, product); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkVerifyCached is what the next requests with a user's token cost, of a thousand users in turn.
func BenchmarkVerifyCached(b *testing.B) {
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(b, algorithm)
		v := iss.Verifier(b, "catalog")
		tokens := make([]string, 1000)
		for i := range tokens {
			tokens[i] = iss.UserToken(b, authtest.Claims{"roles": []string{"admin"}, "sub": fmt.Sprint(i)})
		}
		b.Run(algorithm, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := v.Verify(b.Context(), tokens[i%len(tokens)], product); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, algorithm := range auth.Algorithms() {
		signer := newIssuer(b, algorithm).Signer(b)
		b.Run(algorithm, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signer.Sign("catalog", product); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReference is the same user token through golang-jwt's own parser, which looks at less.
func BenchmarkReference(b *testing.B) {
	iss := newIssuer(b, "HS256")
	token := iss.UserToken(b, authtest.Claims{"roles": []string{"admin"}})
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(iss.Now),
		jwt.WithIssuer(authtest.UserIssuer), jwt.WithAudience(authtest.ClientID), jwt.WithExpirationRequired())
	secret := []byte(iss.Users.Secret())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parser.ParseWithClaims(token, jwt.MapClaims{}, func(*jwt.Token) (any, error) { return secret, nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefusal is what a stranger can make us do with 8 KB.
func BenchmarkRefusal(b *testing.B) {
	iss := newIssuer(b, "HS256")
	v := iss.Verifier(b, "catalog")
	for name, token := range map[string]string{
		"bad signature":  authtest.NewKey(b, "HS256", "other").Token(b, iss.UserHeader(), iss.UserClaims()),
		"600 parameters": iss.Users.RawToken(b, `{`+manyMembers(600)+`"alg":"none"}`, "{}"),
		"8 KB of dots":   strings.Repeat(".", auth.MaxTokenBytes),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token, product); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
