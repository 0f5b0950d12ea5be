package auth

import (
	"context"
	"slices"
)

// ParseObject lets the fuzz test compare the strict parser with encoding/json.
var ParseObject = parseObject

// VerdictSlots is how many tokens a verifier remembers at most.
const VerdictSlots = verdictSlots

// Remembers reports whether a verdict of the token is kept.
func (v *Verifier) Remembers(compact string) bool {
	token := digestOf(compact)
	return v.verdicts != nil && v.verdicts.find(&token) != nil
}

// Remembered returns how many verdicts are kept.
func (v *Verifier) Remembered() (n int) {
	for i := range v.verdicts {
		for j := range v.verdicts[i] {
			if v.verdicts[i][j].Load() != nil {
				n++
			}
		}
	}
	return n
}

// When key sets are fetched again.
const (
	UnknownPause = unknownPause
	EmptyPause   = emptyPause
	DefaultFresh = defaultFresh
)

// Renewing reports whether a remote set is being fetched in the background.
func Renewing(keys KeySet) bool { return keys.(*remoteKeys).byID.Renewing() }

// ParseJWKS reads a key set as one that was fetched.
var ParseJWKS = parseJWKS

// Open stops where the claims would be read: it is what the Wycheproof vectors, whose payloads are no claims, can ask.
func (v *Verifier) Open(ctx context.Context, compact string) error {
	_, err := v.open(ctx, compact, &inspection{})
	return err
}

// CheckNames returns every line of the lists of checks: "header/crit", "user/issuer", "gateway/binding".
func (v *Verifier) CheckNames() []string {
	var names []string
	for list, checks := range v.lists() {
		for _, c := range *checks {
			names = append(names, list+"/"+c.name)
		}
	}
	return names
}

// Without returns a copy of the verifier that lacks one line of the lists.
func (v *Verifier) Without(name string) *Verifier {
	hurt, gateway := *v, *v.gateway
	hurt.gateway, hurt.verdicts = &gateway, &verdicts{}
	for list, checks := range hurt.lists() {
		*checks = slices.DeleteFunc(slices.Clone(*checks), func(c check) bool { return list+"/"+c.name == name })
	}
	return &hurt
}

func (v *Verifier) lists() map[string]*[]check {
	return map[string]*[]check{"header": &v.header, "user": &v.users.checks, "gateway": &v.gateway.checks}
}

// Raw returns the text of a member's value.
func (o object) Raw(name string) (string, bool) {
	v, ok := o.get(name)
	return string(v), ok
}
