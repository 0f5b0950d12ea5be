package auth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// T7: times that are wrong, and times that are none.
func timeAttacks() []attack {
	ahead, past := noon.Add(31*time.Second).Unix(), noon.Add(-2*time.Minute).Unix()
	list := []attack{
		user("T7 exp 2 min ago", "user/expiry", auth.ErrExpired, authtest.Claims{"exp": past}),
		user("T7 exp 30 s ago, where the leeway ends", "user/expiry", auth.ErrExpired, authtest.Claims{"exp": noon.Add(-30 * time.Second).Unix()}),
		user("T7 exp 0", "user/expiry", auth.ErrExpired, authtest.Claims{"exp": 0}),
		user("T7 no exp", "user/expiry", auth.ErrExpiry, authtest.Claims{"exp": authtest.Absent}),
		user("T7 exp only as EXP", "user/expiry", auth.ErrExpiry, authtest.Claims{"exp": authtest.Absent, "EXP": ahead}),
		user("T7 nbf in the future", "user/not before", auth.ErrNotBefore, authtest.Claims{"nbf": ahead}),
		user("T7 iat in the future", "user/issued at", auth.ErrIssuedAt, authtest.Claims{"iat": ahead}),
		gateway("T7 gateway exp 2 min ago", "gateway/expiry", auth.ErrExpired, authtest.Claims{"exp": past}),
		gateway("T7 gateway without exp", "gateway/expiry", auth.ErrExpiry, authtest.Claims{"exp": authtest.Absent}),
		gateway("T7 gateway nbf in the future", "gateway/not before", auth.ErrNotBefore, authtest.Claims{"nbf": ahead}),
		gateway("T7 gateway iat in the future", "gateway/issued at", auth.ErrIssuedAt, authtest.Claims{"iat": ahead}),
	}
	for name, v := range map[string]any{
		"a string":       "9999999999",
		"a bool":         true,
		"null":           nil,
		"a list":         []int64{9999999999},
		"an object":      map[string]int64{"exp": 9999999999},
		"negative":       -1,
		"milliseconds":   noon.UnixMilli(),
		"past int64":     json.Number("9223372036854775808"),
		"past uint64":    json.Number("18446744073709551616"),
		"1e308":          json.Number("1e308"),
		"1e400":          json.Number("1e400"),
		"past year 9999": json.Number("253402300800"),
	} {
		list = append(list,
			user("T7 exp is "+name, "user/expiry", auth.ErrExpiry, authtest.Claims{"exp": v}),
			user("T7 nbf is "+name, "user/not before", auth.ErrNotBefore, authtest.Claims{"nbf": v}),
			user("T7 iat is "+name, "user/issued at", auth.ErrIssuedAt, authtest.Claims{"iat": v}))
	}
	return list
}

// T8: tokens of somebody else, or for somebody else.
func sourceAttacks() []attack {
	list := []attack{
		user("T8 no iss", "user/issuer", auth.ErrIssuer, authtest.Claims{"iss": authtest.Absent}),
		user("T8 no aud", "user/audience", auth.ErrAudience, authtest.Claims{"aud": authtest.Absent}),
	}
	for name, v := range map[string]any{
		"another":         "https://evil.example",
		"of the gateway":  authtest.GatewayIssuer,
		"with a slash":    authtest.UserIssuer + "/",
		"in capitals":     strings.ToUpper(authtest.UserIssuer),
		"with more after": authtest.UserIssuer + ".evil.example",
		"with a space":    authtest.UserIssuer + " ",
		"cut":             authtest.UserIssuer[:len(authtest.UserIssuer)-1],
		"empty":           "",
		"null":            nil,
		"a number":        1,
		"a list":          []string{authtest.UserIssuer},
	} {
		list = append(list, user("T8 iss "+name, "user/issuer", auth.ErrIssuer, authtest.Claims{"iss": v}))
	}
	for name, v := range map[string]any{
		"another":              "3c219e58-ed0e-4b18-ad48-f4f92793ae32",
		"of a gateway token":   "catalog",
		"in capitals":          strings.ToUpper(authtest.ClientID),
		"with more after":      authtest.ClientID + "0",
		"as one of many words": "other " + authtest.ClientID,
		"a list of others":     []string{"other", "another"},
		"an empty list":        []string{},
		"a list with a number": []any{authtest.ClientID, 1},
		"a list in a list":     []any{[]string{authtest.ClientID}},
		"an object":            map[string]string{"aud": authtest.ClientID},
		"empty":                "",
		"null":                 nil,
		"true":                 true,
	} {
		list = append(list, user("T8 aud "+name, "user/audience", auth.ErrAudience, authtest.Claims{"aud": v}))
	}
	for name, v := range map[string]any{
		"another": "3c219e58-ed0e-4b18-ad48-f4f92793ae32", "empty": "", "null": nil, "a list": []string{authtest.ClientID},
	} {
		list = append(list, user("T8 applicationId "+name, "user/applicationId", auth.ErrApplication, authtest.Claims{"applicationId": v}))
	}
	for name, v := range map[string]any{"empty": "", "null": nil, "a number": 7, "a list": []string{"a"}} {
		list = append(list, user("T8 sub "+name, "user/subject", auth.ErrSubject, authtest.Claims{"sub": v}))
	}
	return append(list,
		user("T9 ID token with at_hash", "user/ID token", auth.ErrType, authtest.Claims{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
		user("T9 ID token with c_hash", "user/ID token", auth.ErrType, authtest.Claims{"c_hash": nil}),
		user("T8 jti is a number", "user/token id", auth.ErrTokenID, authtest.Claims{"jti": 1}),
		user("T8 jti is null", "user/token id", auth.ErrTokenID, authtest.Claims{"jti": nil}),
		user("T8 sid is a number", "user/session id", auth.ErrSessionID, authtest.Claims{"sid": 1}),
		user("T8 sid is null", "user/session id", auth.ErrSessionID, authtest.Claims{"sid": nil}))
}

// T10: one name, two values. Which one counts depends on the parser, so none does.
func duplicateAttacks() []attack {
	list := []attack{
		rewrite("T10 duplicate alg", auth.ErrMalformed, func(h, p string) (string, string) { return `{"alg":"none",` + h[1:], p }),
		rewrite("T10 duplicate crit", auth.ErrMalformed, func(h, p string) (string, string) { return `{"crit":[],"crit":["x"],` + h[1:], p }),
	}
	for name, extra := range map[string]string{
		"roles":                     `"roles":["admin"],`,
		"roles, the same twice":     `"roles":[],`,
		"roles, escaped":            `"\u0072oles":["admin"],`,
		"iss":                       `"iss":"https://evil.example",`,
		"exp":                       `"exp":9999999999,`,
		"name in an object":         `"x":{"a":1,"a":2},`,
		"name deep down":            `"x":[{"y":{"a":1,"\u0061":2}}],`,
		"name of other claims":      `"x":1,"x":1,`,
		"empty name":                `"":1,"":2,`,
		"name among very many":      manyMembers(200) + `"7":0,`,
		"emoji, raw and as escapes": `"😀":1,"\ud83d\ude00":2,`,
	} {
		list = append(list, rewrite("T10 duplicate "+name, auth.ErrMalformed,
			func(h, p string) (string, string) { return h, "{" + extra + p[1:] }))
	}
	return append(list,
		user("T10 iss only as Iss", "user/issuer", auth.ErrIssuer, authtest.Claims{"iss": authtest.Absent, "Iss": authtest.UserIssuer}),
		user("T10 aud only as AUD", "user/audience", auth.ErrAudience, authtest.Claims{"aud": authtest.Absent, "AUD": authtest.ClientID}))
}

// manyMembers are the start of an object: at more than 32 the parser does not compare pair by pair.
func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%x":0,`, i)
	}
	return b.String()
}

// T11: roles of another shape are no roles. Names that are no roles are in TestRequireRole.
func roleAttacks() []attack {
	var list []attack
	for name, v := range map[string]any{
		"the string admin":          "admin",
		"the string superadmin":     "superadmin",
		"words with admin":          "customer admin",
		"an empty string":           "",
		"null":                      nil,
		"true":                      true,
		"a number":                  1,
		"an object":                 map[string]bool{"admin": true},
		"an object like a list":     map[string]string{"0": "admin"},
		"a list with null":          []any{"admin", nil},
		"a list with a number":      []any{"admin", 0},
		"a list with true":          []any{true, "admin"},
		"a list in a list":          []any{[]string{"admin"}},
		"a list with an object":     []any{map[string]string{"name": "admin"}},
		"a list with an empty list": []any{"admin", []string{}},
	} {
		list = append(list, user("T11 roles are "+name, "user/roles", auth.ErrRoles, authtest.Claims{"roles": v}))
	}
	return list
}

// gatewayAttacks try to pass off a gateway token for another request, another service, or a user.
func gatewayAttacks() []attack {
	list := []attack{
		gateway("T8 gateway iss another", "gateway/issuer", auth.ErrIssuer, authtest.Claims{"iss": "localhost:3009"}),
		gateway("T8 gateway iss as a URL", "gateway/issuer", auth.ErrIssuer, authtest.Claims{"iss": "http://localhost:3000"}),
		gateway("T8 gateway iss missing", "gateway/issuer", auth.ErrIssuer, authtest.Claims{"iss": authtest.Absent}),
		gateway("T8 gateway aud of the other service", "gateway/audience", auth.ErrAudience, authtest.Claims{"aud": "inventory"}),
		gateway("T8 gateway aud in capitals", "gateway/audience", auth.ErrAudience, authtest.Claims{"aud": "Catalog"}),
		gateway("T8 gateway aud missing", "gateway/audience", auth.ErrAudience, authtest.Claims{"aud": authtest.Absent}),
		gateway("T8 gateway aud a list, if of one", "gateway/audience", auth.ErrAudience, authtest.Claims{"aud": []string{"catalog"}}),
		gateway("T8 gateway aud for all", "gateway/audience", auth.ErrAudience, authtest.Claims{"aud": []string{"catalog", "inventory"}}),
		gateway("T9 gateway sub of a user", "gateway/subject", auth.ErrSubject, authtest.Claims{"sub": authtest.Subject}),
		gateway("T9 gateway sub missing", "gateway/subject", auth.ErrSubject, authtest.Claims{"sub": authtest.Absent}),
		gateway("T9 gateway sub in capitals", "gateway/subject", auth.ErrSubject, authtest.Claims{"sub": "Gateway"}),
		gateway("T8 gateway jti is a number", "gateway/token id", auth.ErrTokenID, authtest.Claims{"jti": 1}),
		gateway("binding data missing", "gateway/binding", auth.ErrBinding, authtest.Claims{"data": authtest.Absent}),
		gateway("binding htm missing", "gateway/binding", auth.ErrBinding, authtest.Claims{"htm": authtest.Absent}),
		gateway("binding data is a list", "gateway/binding", auth.ErrBinding, authtest.Claims{"data": []string{product.URI}}),
		gateway("binding htm is null", "gateway/binding", auth.ErrBinding, authtest.Claims{"htm": nil}),
		{"T9 user token that calls itself the gateway's", "", auth.ErrIssuer, func(t testing.TB, iss *authtest.Issuer) string {
			return iss.Users.Token(t, iss.UserHeader(authtest.Claims{"typ": "gateway+jwt"}), iss.UserClaims())
		}},
		{"T9 gateway token that calls itself a user's", "", auth.ErrIssuer, func(t testing.TB, iss *authtest.Issuer) string {
			return iss.Gateway.Token(t, iss.GatewayHeader(authtest.Claims{"typ": "JWT"}), iss.GatewayClaims("catalog", product))
		}},
		{"T9 gateway token without typ", "", auth.ErrIssuer, func(t testing.TB, iss *authtest.Issuer) string {
			return iss.Gateway.Token(t, iss.GatewayHeader(authtest.Claims{"typ": authtest.Absent}), iss.GatewayClaims("catalog", product))
		}},
	}
	for _, uri := range []string{
		"", "/", "/products", "/products/7", "/products/7?lang=de&x", "/products/7?lang=DE", "/products/8?lang=de", "/Products/7?lang=de",
		"/products/7?lang=de#", "/products/%37?lang=de", "//products/7?lang=de", "http://localhost/products/7?lang=de", "/products/7?lang=de ",
	} {
		list = append(list, gateway("binding data "+uri, "gateway/binding", auth.ErrBinding, authtest.Claims{"data": uri}))
	}
	for _, method := range []string{"", "HEAD", "POST", "get", "Get", "GET "} {
		list = append(list, gateway("binding htm "+method, "gateway/binding", auth.ErrBinding, authtest.Claims{"htm": method}))
	}
	return list
}
