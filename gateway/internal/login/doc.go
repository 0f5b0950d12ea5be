// Package login signs people in and out with FusionAuth, or any OpenID provider: the authorization code flow with PKCE, refresh,
// logout. It is the only code that sees codes and refresh tokens.
//
//	browser                      gateway                                  FusionAuth
//	   │ GET /login?return_to=/x    │                                         │
//	   ├───────────────────────────►│ seal {nonce, verifier, return_to}       │
//	   │◄── 302, cookie per state ──┤ in a cookie named by the state          │
//	   │ GET /oauth2/authorize?state&nonce&code_challenge                     │
//	   ├──────────────────────────────────────────────────────────────────────►
//	   │◄───────────────────────────────── 302 /oauth-redirect?code&state&iss ┤
//	   │ GET /oauth-redirect        │                                         │
//	   ├───────────────────────────►│ open the cookie: the browser that began │
//	   │                            ├─ code, verifier ───────────────────────►│
//	   │                            │◄────── access, refresh, ID token ───────┤
//	   │                            │ verify both tokens, nonce, at_hash      │
//	   │◄─ 303 /x, new session id ──┤ keep them in the session                │
//
// [Anonymous] is the gateway's own sign-in, as a service user for public requests, where FusionAuth makes all tokens.
//
// Every attempt has a cookie of its own, so tabs do not fight; nothing is stored on the server before the callback.
// A callback that matches no attempt signs nobody in: it goes to a fresh login, or on to the page where somebody is signed in
// already (RFC 9700 §4.7, RFC 7636, OpenID Connect Core §3.1).
package login
