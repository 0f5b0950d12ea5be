package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The header type and the subject that mark a token of the gateway.
const (
	gatewayType    = "gateway+jwt"
	gatewaySubject = "gateway"
)

// UserIssuer is what the identity server's tokens must say.
type UserIssuer struct {
	Issuer        string // iss, exactly
	Audience      string // aud, or in the list of aud
	ApplicationID string // applicationId, when the token has one
	RolesClaim    string // where the roles stand: default "roles", dots for nesting
	Keys          KeySet // keys of the identity server
}

// Issuer is what the gateway's tokens must say.
type Issuer struct {
	Issuer   string // iss, exactly
	Audience string // aud: the name of this service
	Keys     KeySet // keys of the gateway
}

// Config says whose tokens a [Verifier] takes.
type Config struct {
	Users   UserIssuer       // required
	Gateway Issuer           // all of it, or nothing: then gateway tokens are refused, as on the gateway itself
	Now     func() time.Time // nil means time.Now

	// Forgetful has every token verified anew, for measurements. Otherwise a user token that was verified is remembered
	// until it expires, or its key is no longer one of Users.Keys.
	Forgetful bool
}

// Target is the request that a gateway token is bound to: the method and the request target as they stand in the
// request line, byte for byte.
type Target struct{ Method, URI string }

// Verifier tells who sent a token. It is safe for concurrent use and takes no locks of its own.
type Verifier struct {
	header   []check
	users    source
	gateway  *source   // nil where no gateway token is taken
	verdicts *verdicts // nil where none are kept
	now      func() time.Time
}

// source is one maker of tokens: its keys, and what its tokens must say.
type source struct {
	kind        Kind
	issuer      string
	audience    string
	application string
	rolesClaim  []string
	keys        KeySet
	checks      []check
}

// NewVerifier refuses a Config that leaves out something a check compares with, and names what is missing.
func NewVerifier(cfg Config) (*Verifier, error) {
	u, g := cfg.Users, cfg.Gateway
	missing := missingFields([]field{
		{"Users.Issuer", u.Issuer != ""},
		{"Users.Audience", u.Audience != ""},
		{"Users.ApplicationID", u.ApplicationID != ""},
		{"Users.Keys", u.Keys != nil},
	})
	v := &Verifier{
		header: headerChecks,
		users:  source{UserToken, u.Issuer, u.Audience, u.ApplicationID, rolesPath(u.RolesClaim), u.Keys, userChecks},
		now:    cfg.Now,
	}
	if g != (Issuer{}) {
		missing = errors.Join(missing, missingFields([]field{
			{"Gateway.Issuer", g.Issuer != ""},
			{"Gateway.Audience", g.Audience != ""},
			{"Gateway.Keys", g.Keys != nil},
		}))
		v.gateway = &source{kind: GatewayToken, issuer: g.Issuer, audience: g.Audience, keys: g.Keys, checks: gatewayChecks}
	}
	if missing != nil {
		return nil, missing
	}
	if v.now == nil {
		v.now = time.Now
	}
	if !cfg.Forgetful {
		v.verdicts = &verdicts{}
	}
	return v, nil
}

// Verify returns the caller that the token proves, for the request that carries it. Every other outcome is a [Refusal],
// but for a [KeySet] that cannot answer: that error is the KeySet's own.
func (v *Verifier) Verify(ctx context.Context, compact string, target Target) (Principal, error) {
	if len(compact) > MaxTokenBytes {
		return Principal{}, ErrTooLong
	}
	now := v.now()
	in := &inspection{target: target, now: now}
	if v.verdicts == nil {
		p, err := v.verify(ctx, compact, in)
		return p, in.explain(err)
	}
	token := digestOf(compact)
	if p, ok := v.recall(ctx, &token, now); ok {
		return p, nil
	}
	p, err := v.verify(ctx, compact, in)
	if err == nil && p.Kind == UserToken {
		v.remember(token, in, p)
	}
	return p, in.explain(err)
}

func (v *Verifier) verify(ctx context.Context, compact string, in *inspection) (Principal, error) {
	payload, err := v.open(ctx, compact, in)
	if err != nil {
		return Principal{}, err
	}
	var ok bool
	if in.claims, ok = parseObject(payload); !ok {
		return Principal{}, ErrMalformed
	}
	if err := runChecks(in.expect.checks, in); err != nil {
		return Principal{}, err
	}
	return in.principal(), nil
}

// open returns the payload of a token once its signature holds, and notes whose key made it.
func (v *Verifier) open(ctx context.Context, compact string, in *inspection) (string, error) {
	t, err := parseToken(compact)
	if err != nil {
		return "", err
	}
	in.header = t.header
	if err := runChecks(v.header, in); err != nil {
		return "", err
	}
	if in.expect = v.source(t.header); in.expect == nil {
		return "", ErrGatewayToken
	}
	kid, _ := t.header.text("kid")
	keys, err := in.expect.keys.Keys(ctx, kid)
	if err != nil {
		return "", fmt.Errorf("find key of token: %w", err)
	}
	in.key, err = authentic(t, keys)
	return t.payload, err
}

// source chooses by typ alone, and the chosen one's keys must then have made the token: a user token that calls itself
// the gateway's gets nowhere.
func (v *Verifier) source(header object) *source {
	if typ, _ := header.text("typ"); typ == gatewayType {
		return v.gateway
	}
	return &v.users
}

// authentic returns the key that made the token. It tries those whose algorithm is the token's; the token's wish for
// another one is never followed.
func authentic(t token, keys []Key) (Key, error) {
	if len(keys) == 0 {
		return Key{}, ErrUnknownKey
	}
	alg, _ := t.header.text("alg")
	refusal := ErrAlgorithm
	for _, k := range keys {
		method := k.method()
		if method == nil || method.Alg() != alg {
			continue
		}
		if method.Verify(t.signed, t.signature, k.material) == nil {
			return k, nil
		}
		refusal = ErrSignature
	}
	return Key{}, refusal
}

// principal reads what the checks have seen.
func (in *inspection) principal() Principal {
	p := Principal{Kind: in.expect.kind, Roles: in.roles}
	p.Registered = p.Kind == UserToken && in.claims.has("applicationId")
	p.Subject, _ = in.claims.text("sub")
	p.TokenID, _ = in.claims.text("jti")
	p.SessionID, _ = in.claims.text("sid")
	p.ExpiresAt, _ = claimedTime(in.claims, "exp")
	p.IssuedAt, _ = claimedTime(in.claims, "iat")
	return p
}

func rolesPath(claim string) []string {
	if claim == "" {
		claim = "roles"
	}
	return strings.Split(claim, ".")
}

type field struct {
	name string
	set  bool
}

func missingFields(fields []field) error {
	var errs []error
	for _, f := range fields {
		if !f.set {
			errs = append(errs, fmt.Errorf("auth config: %s is missing", f.name))
		}
	}
	return errors.Join(errs...)
}
