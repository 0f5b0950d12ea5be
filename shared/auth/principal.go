package auth

import (
	"slices"
	"time"
)

// Kind says what a token is; as a bit set, what a route takes.
type Kind uint8

// The kinds of token. A route that takes either says AnyToken.
const (
	UserToken    Kind = 1 << iota // made by the identity server for a user
	GatewayToken                  // made by the gateway for one request

	AnyToken = UserToken | GatewayToken
)

// Principal is the caller as its token describes it.
type Principal struct {
	Kind       Kind      // how the caller proved itself
	Subject    string    // sub: the user's id, or "gateway"
	Roles      []Role    // the known ones, each once; always empty for the gateway
	Registered bool      // with the application: FusionAuth signs in users who are not, and gives them no roles
	TokenID    string    // jti, empty when the token has none
	SessionID  string    // sid: FusionAuth's refresh token id, by which it revokes; empty when the token has none
	ExpiresAt  time.Time // exp
	IssuedAt   time.Time // iat, zero when the token has none
}

// Has reports whether the caller has at least one of the roles.
func (p Principal) Has(roles ...Role) bool {
	return slices.ContainsFunc(p.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}
