package auth

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"
)

// verdictSlots bounds how many verified tokens are remembered.
const verdictSlots = 1 << 15

// verdicts remembers the user tokens that one [Verifier] has verified, so that a signature is checked once and not with
// every request. It is a table of fixed size with two places for each token, where newer ones push older ones out:
// nothing to sweep, no lock, no goroutine. (otter v2.4.0 answers in three times the time and needs all three.)
//
// A verdict belongs to the whole token, by its SHA-256, and to the one Verifier, whose audience and service never change:
// it can serve no other. It says who is calling and nothing of what that one may do. Tokens of the gateway are good for one
// request and are not remembered.
type verdicts [verdictSlots / 2][2]atomic.Pointer[verdict]

// verdict never changes. Of the token itself it keeps the hash alone.
type verdict struct {
	token     digest
	kid       string
	key       digest // of the key that made the signature
	from      time.Time
	until     time.Time
	principal Principal
}

type digest [sha256.Size]byte

// digestOf works on the stack for tokens of the usual size.
func digestOf(text string) digest {
	var buffer [2 << 10]byte
	return sha256.Sum256(append(buffer[:0], text...))
}

func (v *verdicts) places(token *digest) *[2]atomic.Pointer[verdict] {
	return &v[binary.LittleEndian.Uint64(token[:])%uint64(len(v))]
}

func (v *verdicts) find(token *digest) *verdict {
	places := v.places(token)
	for i := range places {
		if known := places[i].Load(); known != nil && known.token == *token {
			return known
		}
	}
	return nil
}

func (v *verdicts) keep(kept *verdict) {
	places := v.places(&kept.token)
	places[1].Store(places[0].Swap(kept))
}

// recall returns the principal of a token that was verified before. What can change since is looked at again: the time,
// and whether the key is still one of the issuer's.
func (v *Verifier) recall(ctx context.Context, token *digest, now time.Time) (Principal, bool) {
	known := v.verdicts.find(token)
	if known == nil || now.Before(known.from) || !now.Before(known.until) {
		return Principal{}, false
	}
	keys, err := v.users.keys.Keys(ctx, known.kid)
	if err != nil || !slices.ContainsFunc(keys, func(k Key) bool { return k.fingerprint == known.key }) {
		return Principal{}, false
	}
	p := known.principal
	p.Roles = slices.Clone(p.Roles) // whoever changed them would change them for all who come later
	return p, true
}

// remember keeps what the checks of a user token have seen.
func (v *Verifier) remember(token digest, in *inspection, p Principal) {
	kept := &verdict{token: token, key: in.key.fingerprint, until: p.ExpiresAt.Add(leeway), principal: p}
	kept.kid, _ = in.header.text("kid")
	kept.principal.Roles = slices.Clone(p.Roles)
	for _, name := range []string{"iat", "nbf"} {
		if t, ok := claimedTime(in.claims, name); ok && t.Add(-leeway).After(kept.from) {
			kept.from = t.Add(-leeway)
		}
	}
	v.verdicts.keep(kept)
}
