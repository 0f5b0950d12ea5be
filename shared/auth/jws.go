package auth

import (
	"context"
	"fmt"
)

// plainChecks are what headerChecks asks of a token, for a JWS that is none: its typ may not be that of any kind of token.
var plainChecks = []check{
	{"crit", absent("crit")},
	{"b64", absent("b64")},
	{"zip", absent("zip")},
	{"enc", absent("enc")},
	{"type", checkPlainType},
	{"key id", checkKeyID},
}

// checkPlainType: what is signed with an access token's key must not take an access token for its signature
// (RFC 8725 §3.12). FusionAuth's own typ is JWT for both, so the caller still asks for a claim that no token has.
func checkPlainType(in *inspection) error {
	typ, ok := in.header.text("typ")
	return refuseIf(in.header.has("typ") && (!ok || typ != "JWT"), ErrType)
}

// OpenJWS returns the payload of a compact JWS (RFC 7515 §7.1) that is no Bearer token, once a key of the set has proved
// it, by the algorithm of that key. What the payload says, and until when, is for the caller to judge. Every other
// outcome is a [Refusal], but for a [KeySet] that cannot answer: that error is the KeySet's own.
func OpenJWS(ctx context.Context, keys KeySet, compact string) (payload string, err error) {
	if len(compact) > MaxTokenBytes {
		return "", ErrTooLong
	}
	t, err := parseToken(compact)
	if err != nil {
		return "", err
	}
	if err := runChecks(plainChecks, &inspection{header: t.header}); err != nil {
		return "", err
	}
	kid, _ := t.header.text("kid")
	candidates, err := keys.Keys(ctx, kid)
	if err != nil {
		return "", fmt.Errorf("find key of signature: %w", err)
	}
	if _, err := authentic(t, candidates); err != nil {
		return "", err
	}
	return t.payload, nil
}
