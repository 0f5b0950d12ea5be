package auth

import "errors"

// Refusal is the reason why a request is not authenticated. Its text is a constant for the log, which may add the one claim that the
// check saw and never the token; the client sees neither, because a reason would tell an attacker which guess was closer.
type Refusal string

// Error makes a Refusal an error: "token refused: expired".
func (r Refusal) Error() string { return "token refused: " + string(r) }

// TokenSent reports whether the client sent a token at all, which RFC 6750 §3.1 answers with another challenge.
func (r Refusal) TokenSent() bool { return r != ErrMissing && r != ErrScheme && r != ErrEmpty }

// The refusals of [BearerToken], before there is a token to look at.
const (
	ErrMissing Refusal = "missing_authorization"  // no Authorization header, or an empty one
	ErrSeveral Refusal = "several_authorizations" // more than one Authorization header
	ErrScheme  Refusal = "not_bearer"             // another scheme
	ErrShape   Refusal = "malformed_bearer"       // not two words with one space between them
	ErrEmpty   Refusal = "empty_token"            // the scheme and nothing after it
)

// The refusals of [Verifier.Verify], in the order of its checks.
const (
	ErrTooLong      Refusal = "token_too_long"   // over MaxTokenBytes
	ErrMalformed    Refusal = "malformed_token"  // not three parts of strict base64url, or not strict JSON
	ErrHeader       Refusal = "bad_header"       // a header parameter that must not be there: crit, b64, zip, enc
	ErrType         Refusal = "bad_type"         // another kind of token, by its typ or its claims
	ErrKeyID        Refusal = "bad_kid"          // kid is not a string
	ErrGatewayToken Refusal = "no_gateway_token" // a gateway token where none is taken
	ErrUnknownKey   Refusal = "unknown_kid"      // no key goes by this kid
	ErrAlgorithm    Refusal = "bad_algorithm"    // alg is not the algorithm of any key of this kid
	ErrSignature    Refusal = "bad_signature"    // made with another key, or changed
	ErrIssuer       Refusal = "bad_issuer"       // iss
	ErrAudience     Refusal = "bad_audience"     // aud
	ErrApplication  Refusal = "bad_application"  // applicationId
	ErrExpiry       Refusal = "bad_expiry"       // exp is missing or not a time
	ErrExpired      Refusal = "expired"          // exp is past
	ErrNotBefore    Refusal = "not_yet_valid"    // nbf is in the future, or not a time
	ErrIssuedAt     Refusal = "issued_in_future" // iat is in the future, or not a time
	ErrSubject      Refusal = "bad_subject"      // sub
	ErrTokenID      Refusal = "bad_token_id"     // jti
	ErrSessionID    Refusal = "bad_session_id"   // sid
	ErrRoles        Refusal = "bad_roles"        // roles are not a list of strings
	ErrBinding      Refusal = "bad_binding"      // data and htm are of another request
	ErrNotTaken     Refusal = "kind_not_taken"   // the route takes another kind of token
	ErrRevoked      Refusal = "revoked"          // the identity server has taken it back since
)

// ErrUnavailable says that the keys could not be had, so that nothing is known about the token. A [KeySet] wraps it,
// and the answer is a 503: an identity server that is down must not look like a bad token.
var ErrUnavailable = errors.New("keys unavailable")

// errNoPrincipal is a mistake of the program: RequireRole without Authenticate in front of it.
var errNoPrincipal = errors.New("route asks for a role but does not authenticate")
