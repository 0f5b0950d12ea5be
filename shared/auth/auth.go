// Package auth answers one question for every service of the shop: who is calling?
//
// Two kinds of token arrive as a Bearer token. A [UserToken] was made by the identity server when somebody signed in:
// it names a user and the user's roles. A [GatewayToken] was made by the gateway for one single request, which it is
// bound to; it names nobody and proves only that the request came through the gateway. A [Verifier] tells the two apart
// by their typ header, looks up the key, checks the signature with the key's own algorithm and the claims one by one,
// and returns a [Principal]. A [Signer] makes the gateway's tokens. [Authenticate] and [RequireRole] put this in front
// of gin routes:
//
//	api := router.Group("/", auth.Authenticate(verifier, auth.UserToken, ""))
//	api.GET("/branches/:id/products", auth.RequireRole("", auth.Admin, auth.BranchManager), list)
//
// The package parses tokens itself and leaves only the cryptography to golang-jwt, because the rules of RFC 8725 need
// more than that library looks at: duplicate and case-folded names, crit, typ, trailing bits. It signs nobody in. Where
// keys come from is the business of a [KeySet]: [StaticKeys], or [RemoteKeys], which fetches what an issuer publishes.
package auth

// MaxTokenBytes is the length up to which a token is looked at; anything longer is refused unread (API4:2023).
const MaxTokenBytes = 8 << 10
