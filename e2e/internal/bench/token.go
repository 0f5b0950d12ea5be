package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"testing"
	"time"

	"storefront/shared/auth"
)

// Ways are the ways of authorizing, cheapest first: nothing, the API key that the article replaced, and a token of each algorithm.
var Ways = []string{"none", "api-key", "HS256", "RS256", "ES256", "EdDSA"}

// TokenRow is what one token costs.
type TokenRow struct {
	Way                        string
	Sign, VerifyCold, VerifyUp time.Duration // VerifyUp: once more, cached
	SignAllocs, VerifyAllocs   int64
}

// Tokens measures one operation at a time, on one core, without a network. An API key has nothing to sign and nothing to cache.
func Tokens() ([]TokenRow, error) {
	rows := []TokenRow{apiKeyRow()}
	for _, way := range Ways[2:] {
		row, err := tokenRow(way)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func apiKeyRow() TokenRow {
	want := sha256.Sum256([]byte(rand.Text()))
	sent := rand.Text()
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sameKey(want, sent)
		}
	})
	return TokenRow{Way: "api-key", VerifyCold: perOp(r), VerifyAllocs: r.AllocsPerOp()}
}

// sameKey compares in constant time: hashed first, so that not even the length shows.
func sameKey(want [sha256.Size]byte, sent string) bool {
	got := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func tokenRow(algorithm string) (TokenRow, error) {
	keys, err := newKeys(algorithm)
	if err != nil {
		return TokenRow{}, err
	}
	request := auth.Target{Method: "GET", URI: "/products"}
	signer, verifier, err := keys.pair()
	if err != nil {
		return TokenRow{}, err
	}
	gatewayToken, err := signer.Sign(audience, request)
	if err != nil {
		return TokenRow{}, err
	}
	userToken, err := keys.userToken()
	if err != nil {
		return TokenRow{}, err
	}
	var fault error
	verify := func(token string) testing.BenchmarkResult {
		return testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Verify(context.Background(), token, request); err != nil {
					fault = err
				}
			}
		})
	}
	sign := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(audience, request); err != nil {
				fault = err
			}
		}
	})
	cold, cached := verify(gatewayToken), verify(userToken) // only user tokens are cached
	return TokenRow{
		Way: algorithm, Sign: perOp(sign), VerifyCold: perOp(cold), VerifyUp: perOp(cached),
		SignAllocs: sign.AllocsPerOp(), VerifyAllocs: cold.AllocsPerOp(),
	}, errors.Join(fault)
}

func perOp(r testing.BenchmarkResult) time.Duration {
	return r.T / time.Duration(max(r.N, 1))
}
