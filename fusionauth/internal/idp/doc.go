// Package idp serves the part of FusionAuth that this system uses: hosted login with the authorization code flow, tokens, the
// Login API, and their discovery. It is a stand-in for development and tests, built from a kickstart file, and keeps everything
// in memory.
//
//	browser ── GET  /oauth2/authorize ──► login form ── POST, the same URL ──► 302 redirect_uri?code&state&iss
//	client  ── POST /oauth2/token ──► access token, ID token, refresh token
//	client  ── POST /api/login, DELETE /api/jwt/refresh (API key) ──► tokens without a browser; revocation
//	webhook ◄── POST, signed ── what was revoked, who was locked, whose roles have changed
//
// Paths, parameters, claims and error reasons are FusionAuth's, each in the file of its endpoint. What FusionAuth does not
// document is decided here by the RFCs.
//
// # Served
//
//	/api/status                             this process is up
//	/.well-known/openid-configuration       also ?tenantId= and /{tenantId}/ in front
//	/.well-known/jwks.json                  RSA, EC (P-256) and Ed25519 keys: those that sign, are to sign next, or have signed
//	/oauth2/authorize                       code flow with S256, prompt, max_age, single sign-on; exact redirect URLs
//	/oauth2/token                           authorization_code and refresh_token; client_credentials is not_licensed
//	/oauth2/introspect, /oauth2/userinfo    RFC 7662; OpenID Connect Core §5.3
//	/oauth2/logout                          RedirectOnly and AllApplications
//	/api/login, /api/logout                 without a browser
//	/api/jwt/refresh                        POST without a key; GET and DELETE with one
//	/api/jwt/public-key, validate, vend     keys as PEM; signature and time of a token; a token of the caller's own claims
//	/api/user/{id}                          DELETE deactivates, with hardDelete deletes; PUT with reactivate lets in again
//	/api/user/registration/{id}             PUT and PATCH change roles; DELETE with /{applicationId} ends a registration
//
// Scopes are strict as the application's policies say: an unknown one is refused, dropped or allowed, and only email and profile
// open claims about the user. Access tokens and ID tokens are signed with whatever key the application names: HS256 to HS512,
// RS256 to RS512, ES256 or EdDSA; ID tokens also with the client secret (the shadow keys).
//
// # Guessed
//
// None of this was tried on a running FusionAuth; the conformance tests, aimed at one, will tell. Beyond its documentation are:
//   - the HTTP status of each error_reason, the texts, and which errors redirect: by RFC 6749, RFC 6750 and RFC 9207;
//   - the fields and looks of the login form, and the name of the single sign-on cookie;
//   - alg EdDSA in header and JWK of an Ed25519 key (RFC 8037), and at_hash by SHA-512 then;
//   - kid of a generated key: the RFC 7638 thumbprint;
//   - a locked (deactivated) user: 423 from the Login API, a sentence on the login form; codes, sessions and refresh tokens end, and
//     jwt.refresh-token.revoke follows user.deactivate and user.delete, also when there was none to revoke;
//   - the end of a registration leaves refresh tokens alone, and what they then give has no roles;
//   - a one-time refresh token that comes again in its grace gets the value that its first use got (FI#2952), with new other tokens;
//   - webhooks: a few attempts, in order, and then a warning; a refresh token in an event without its value;
//   - GET /api/jwt/validate takes every token that one of the keys has signed, ID tokens and vended ones included, and looks at
//     neither issuer nor audience;
//   - the answer to a vend with an unknown key or lifetime: 400 with fieldErrors;
//   - email_verified is true for users of a kickstart that skips verification; roles are those of the moment at a refresh.
//
// # Not served
//
// The implicit, password, device and client credentials grants; response modes but query; DPoP, resource and claims parameters;
// c_hash; consent prompts; registration, passwords, multi-factor and identity providers; tenants but the default one; lambdas,
// groups, entities; events but those five of package kickstart, and receivers that veto; /api/jwt/issue and reconcile; the admin UI and every /api that changes configuration. Discovery
// lists none of it.
//
// # Tests that want a server to misbehave
//
// [Handler.State] and the methods beside it look into the server and act on it: end a user's grants, lock a user, rotate a key, set the
// clock apart, slow down or break an endpoint. Package admin puts them on a page and a JSON API, for loopback alone.
package idp
