package auth

import (
	"fmt"
	"regexp"
	"time"
)

// seen is a refusal together with what the check saw, for the log: the one claim that it looked at, never the token. What an
// attacker wrote is quoted and cut.
type seen struct {
	Refusal
	saw string
}

// Error is the refusal's text and what was seen.
func (s seen) Error() string { return s.Refusal.Error() + ": " + s.saw }

// Unwrap makes a seen the Refusal that it is to errors.Is and errors.As.
func (s seen) Unwrap() error { return s.Refusal }

// explain adds to a refusal what helps whoever has to find out: the issuer that was seen beside the one that is expected, or how
// far the clocks are apart.
func (in *inspection) explain(err error) error {
	refusal, ok := err.(Refusal) //nolint:errorlint // of our own checks, which wrap nothing
	if !ok {
		return err
	}
	if saw := in.saw(refusal); saw != "" {
		return seen{refusal, saw}
	}
	return err
}

func (in *inspection) saw(refusal Refusal) string {
	switch refusal {
	case ErrType:
		return "typ " + in.header.shown("typ")
	case ErrUnknownKey, ErrSignature:
		return "kid " + in.header.shown("kid")
	case ErrAlgorithm:
		return "alg " + in.header.shown("alg")
	case ErrIssuer:
		return fmt.Sprintf("iss %s, expected %q", in.claims.shown("iss"), in.expect.issuer)
	case ErrAudience:
		return fmt.Sprintf("aud %s, expected %q", in.claims.shown("aud"), in.expect.audience)
	case ErrApplication:
		return fmt.Sprintf("applicationId %s, expected %q", in.claims.shown("applicationId"), in.expect.application)
	case ErrExpired:
		return in.distance("exp")
	case ErrNotBefore:
		return in.distance("nbf")
	case ErrIssuedAt:
		return in.distance("iat")
	case ErrRoles:
		return "roles " + in.claims.shown("roles")
	default:
		return ""
	}
}

// distance is how far a time of the token is from this clock, which tells clocks that differ from tokens that are old.
func (in *inspection) distance(name string) string {
	t, ok := claimedTime(in.claims, name)
	if !ok {
		return name + " " + in.claims.shown(name)
	}
	if ahead := t.Sub(in.now).Round(time.Second); ahead > 0 {
		return fmt.Sprintf("%s is %v ahead of this clock", name, ahead)
	}
	return fmt.Sprintf("%s was %v ago", name, in.now.Sub(t).Round(time.Second))
}

// plain is what the log shows of a token: short words. Whatever else a stranger writes there, an e-mail address or a token, stays out of it.
var plain = regexp.MustCompile(`^[\w .:/,*"\[\]{}+-]{0,80}$`)

// shown is the value as it stands in the token where it is plain, or "(none)".
func (o object) shown(name string) string {
	v, present := o.get(name)
	if !present {
		return "(none)"
	}
	text, isText := v.text()
	if !isText {
		text = string(v)
	}
	if !plain.MatchString(text) {
		return fmt.Sprintf("(%d bytes that are not shown)", len(text))
	}
	return fmt.Sprintf("%q", text)
}
