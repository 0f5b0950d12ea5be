package auth

import (
	"math"
	"slices"
	"time"
)

// leeway is how far the clocks of two machines may be apart.
const leeway = 30 * time.Second

// lastTime is the end of the year 9999 in seconds: a later one is a mistake (milliseconds) or an overflow.
const lastTime = 253402300799

// inspection is what the checks of one token look at.
type inspection struct {
	header object
	claims object
	expect *source
	target Target
	now    time.Time
	key    Key    // that the signature was made with
	roles  []Role // what checkRoles found: without that check nobody has a role
}

// check is one rule. Rules live in lists, one a line, because each line is a door: a test takes every line out and
// sees a token come in that must not.
type check struct {
	name string
	run  func(*inspection) error
}

// headerChecks run before the signature, on what the attacker wrote.
var headerChecks = []check{
	{"crit", absent("crit")}, // RFC 7515 §4.1.11: we know no extension, so a critical one is refused
	{"b64", absent("b64")},   // RFC 7797: the payload is always encoded
	{"zip", absent("zip")},   // RFC 8725 §3.6: nothing is inflated
	{"enc", absent("enc")},   // RFC 7516: a JWE in a JWS's clothes
	{"type", checkType},
	{"key id", checkKeyID},
}

// userChecks are for tokens of the identity server.
var userChecks = []check{
	{"issuer", checkIssuer},
	{"audience", checkAudience},
	{"applicationId", checkApplication},
	{"ID token", checkNoIDToken},
	{"expiry", checkExpiry},
	{"not before", checkNotBefore},
	{"issued at", checkIssuedAt},
	{"subject", checkUser},
	{"token id", checkTokenID},
	{"session id", checkSessionID},
	{"roles", checkRoles},
}

// gatewayChecks are for tokens of the gateway.
var gatewayChecks = []check{
	{"issuer", checkIssuer},
	{"audience", checkOnlyAudience},
	{"expiry", checkExpiry},
	{"not before", checkNotBefore},
	{"issued at", checkIssuedAt},
	{"subject", checkGateway},
	{"token id", checkTokenID},
	{"binding", checkBinding},
}

// Checks names what a token of the kind is checked for, in its order: its header, the signature, its claims.
func Checks(kind Kind) []string {
	claims := userChecks
	if kind == GatewayToken {
		claims = gatewayChecks
	}
	var names []string
	for _, c := range headerChecks {
		names = append(names, c.name)
	}
	names = append(names, "signature")
	for _, c := range claims {
		names = append(names, c.name)
	}
	return names
}

func runChecks(list []check, in *inspection) error {
	for i := range list {
		if err := list[i].run(in); err != nil {
			return err
		}
	}
	return nil
}

func absent(parameter string) func(*inspection) error {
	return func(in *inspection) error { return refuseIf(in.header.has(parameter), ErrHeader) }
}

// checkType keeps the tokens of other protocols out (RFC 8725 §3.11): id+jwt, logout+jwt, dpop+jwt, secevent+jwt.
func checkType(in *inspection) error {
	if !in.header.has("typ") {
		return nil
	}
	typ, _ := in.header.text("typ")
	return refuseIf(typ != "JWT" && typ != "at+jwt" && typ != gatewayType, ErrType)
}

func checkKeyID(in *inspection) error {
	return refuseIf(!absentOrText(in.header, "kid"), ErrKeyID)
}

func checkIssuer(in *inspection) error {
	iss, ok := in.claims.text("iss")
	return refuseIf(!ok || iss != in.expect.issuer, ErrIssuer)
}

// checkAudience takes the two forms of RFC 7519 §4.1.3: a string, or a list of strings that has it.
func checkAudience(in *inspection) error {
	aud, _ := in.claims.get("aud")
	if one, ok := aud.text(); ok {
		return refuseIf(one != in.expect.audience, ErrAudience)
	}
	found := false
	ok := aud.eachText(func(one string) { found = found || one == in.expect.audience })
	return refuseIf(!ok || !found, ErrAudience)
}

// checkOnlyAudience: the gateway makes a token for one service, so a list is not one of its tokens.
func checkOnlyAudience(in *inspection) error {
	aud, ok := in.claims.text("aud")
	return refuseIf(!ok || aud != in.expect.audience, ErrAudience)
}

// checkApplication: FusionAuth leaves the claim out for a user who is not registered, who then has no roles either.
func checkApplication(in *inspection) error {
	if !in.claims.has("applicationId") {
		return nil
	}
	id, ok := in.claims.text("applicationId")
	return refuseIf(!ok || id != in.expect.application, ErrApplication)
}

// checkNoIDToken: an ID token says who signed in, to the client alone. FusionAuth gives it the access token's iss, aud
// and, where keys are published, its key too; the hashes of what came with it tell it apart (OpenID Connect Core §3.3.2.11).
func checkNoIDToken(in *inspection) error {
	return refuseIf(in.claims.has("at_hash") || in.claims.has("c_hash"), ErrType)
}

func checkExpiry(in *inspection) error {
	exp, ok := claimedTime(in.claims, "exp")
	if !ok {
		return ErrExpiry
	}
	return refuseIf(!in.now.Before(exp.Add(leeway)), ErrExpired)
}

func checkNotBefore(in *inspection) error {
	return refuseIf(!absentOrPast(in, "nbf"), ErrNotBefore)
}

func checkIssuedAt(in *inspection) error {
	return refuseIf(!absentOrPast(in, "iat"), ErrIssuedAt)
}

// checkUser lets a token pass that names nobody: its roles still count, and what belongs to one user stays closed to it.
func checkUser(in *inspection) error {
	sub, ok := in.claims.text("sub")
	return refuseIf(in.claims.has("sub") && (!ok || sub == ""), ErrSubject)
}

func checkGateway(in *inspection) error {
	sub, ok := in.claims.text("sub")
	return refuseIf(!ok || sub != gatewaySubject, ErrSubject)
}

func checkTokenID(in *inspection) error {
	return refuseIf(!absentOrText(in.claims, "jti"), ErrTokenID)
}

// checkSessionID: a token whose sid cannot be read could not be revoked by it.
func checkSessionID(in *inspection) error {
	return refuseIf(!absentOrText(in.claims, "sid"), ErrSessionID)
}

func checkRoles(in *inspection) error {
	var ok bool
	in.roles, ok = claimedRoles(in.claims, in.expect.rolesClaim)
	return refuseIf(!ok, ErrRoles)
}

// checkBinding holds the token to the request it was made for, byte for byte: a token seen on the way opens no other.
func checkBinding(in *inspection) error {
	data, ok1 := in.claims.text("data")
	htm, ok2 := in.claims.text("htm")
	return refuseIf(!ok1 || !ok2 || data != in.target.URI || htm != in.target.Method, ErrBinding)
}

func refuseIf(bad bool, reason Refusal) error {
	if bad {
		return reason
	}
	return nil
}

func absentOrText(o object, name string) bool {
	v, present := o.get(name)
	_, ok := v.text()
	return ok || !present
}

func absentOrPast(in *inspection, name string) bool {
	if !in.claims.has(name) {
		return true
	}
	t, ok := claimedTime(in.claims, name)
	return ok && !t.After(in.now.Add(leeway))
}

// claimedTime reads a NumericDate (RFC 7519 §2), which may have a fraction.
func claimedTime(claims object, name string) (time.Time, bool) {
	v, _ := claims.get(name)
	n, ok := v.number()
	if !ok || n < 0 || n > lastTime {
		return time.Time{}, false
	}
	seconds, fraction := math.Modf(n)
	return time.Unix(int64(seconds), int64(fraction*1e9)), true
}

// claimedRoles reads the list at path and keeps the roles of the closed set, each once. No list is no roles; anything
// else in its place is not ok: "superadmin" as a string has the substring admin, and null is a mistake of the issuer.
func claimedRoles(claims object, path []string) ([]Role, bool) {
	for _, name := range path[:len(path)-1] {
		v, present := claims.get(name)
		if !present {
			return nil, true
		}
		var ok bool
		if claims, ok = v.object(); !ok {
			return nil, false
		}
	}
	v, present := claims.get(path[len(path)-1])
	if !present {
		return nil, true
	}
	var roles []Role
	ok := v.eachText(func(name string) {
		if r, known := parseRole(name); known && !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	})
	return roles, ok
}
