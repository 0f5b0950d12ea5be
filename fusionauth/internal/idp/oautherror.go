package idp

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// oauthError is an error of RFC 6749 §5.2 with FusionAuth's error_reason, which tells causes of one error apart. Neither
// description nor reason ever holds what the client sent.
type oauthError struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
	Reason      string `json:"error_reason"`
}

func badRequest(reason, description string) *oauthError {
	return &oauthError{Status: http.StatusBadRequest, Code: "invalid_request", Reason: reason, Description: description}
}

func badGrant(reason, description string) *oauthError {
	return &oauthError{Status: http.StatusBadRequest, Code: "invalid_grant", Reason: reason, Description: description}
}

func badClient(reason, description string) *oauthError {
	return &oauthError{Status: http.StatusUnauthorized, Code: "invalid_client", Reason: reason, Description: description}
}

func badToken(reason, description string) *oauthError {
	return &oauthError{Status: http.StatusUnauthorized, Code: "invalid_token", Reason: reason, Description: description}
}

func refused(code, reason, description string) *oauthError {
	return &oauthError{Status: http.StatusBadRequest, Code: code, Reason: reason, Description: description}
}

// The errors of the OAuth endpoints; FusionAuth documents the reasons, the statuses follow the RFCs.
var (
	errMalformed       = badRequest("unknown", "The request cannot be read, or it repeats a parameter.")
	errTooLarge        = &oauthError{http.StatusRequestEntityTooLarge, "invalid_request", "The body is too large.", "unknown"}
	errMissingClientID = badRequest("missing_client_id", "The request is missing a required parameter: client_id")
	errUnknownClient   = badRequest("invalid_client_id", "Invalid client_id.")
	errTenant          = badRequest("invalid_tenant_id", "Invalid tenantId.")

	errMissingRedirect  = badRequest("missing_redirect_uri", "The request is missing a required parameter: redirect_uri")
	errRedirect         = badRequest("invalid_redirect_uri", "Invalid redirect_uri: it is not one of the authorized redirect URLs.")
	errMissingResponse  = badRequest("missing_response_type", "The request is missing a required parameter: response_type")
	errResponseType     = refused("unsupported_response_type", "invalid_response_type", "Parameter response_type must be set to code.")
	errResponseMode     = badRequest("invalid_response_mode", "Parameter response_mode must be set to query.")
	errPrompt           = badRequest("invalid_prompt", "Parameter prompt must be none, or any of login and consent.")
	errMaxAge           = badRequest("unknown", "Parameter max_age must be a whole number of seconds, not negative.")
	errMissingChallenge = badRequest("missing_code_challenge", "The request is missing a required parameter: code_challenge")
	errChallenge        = badRequest("invalid_pkce_code_challenge", "Parameter code_challenge must be a SHA-256 in base64url.")
	errChallengeMethod  = badRequest("invalid_pkce_code_challenge_method", "Parameter code_challenge_method must be set to S256.")
	errScope            = refused("invalid_scope", "unknown_scope", "The request asks for a scope that is not known or not granted.")
	errLoginRequired    = refused("login_required", "authentication_required", "The user is required to complete authentication.")
	errUnregistered     = refused("access_denied", "registration_required", "The user is not registered for this application.")
	errInteraction      = refused("interaction_required", "registration_required", "The user is not registered for this application.")

	errOrigin = &oauthError{http.StatusForbidden, "access_denied", "The form was not sent from this server's own page.", "invalid_origin"}

	errMissingGrant   = badRequest("missing_grant_type", "The request is missing a required parameter: grant_type")
	errGrantType      = refused("unsupported_grant_type", "invalid_grant_type", "Parameter grant_type must be authorization_code or refresh_token.")
	errNotLicensed    = refused("not_licensed", "not_licensed", "The client credentials grant is not licensed.")
	errGrantDisabled  = refused("unauthorized_client", "grant_type_disabled", "The grant is disabled for this client.")
	errClient         = badClient("invalid_client_authentication", "Invalid client authentication credentials.")
	errClientID       = badClient("invalid_client_id", "Invalid client_id.")
	errClientScheme   = badClient("invalid_client_authentication_scheme", "The Authorization header must use Basic.")
	errClientMissing  = badClient("client_authentication_missing", "Client credentials are required.")
	errClientMismatch = badClient("client_id_mismatch", "The client_id of the body is not the one of the Authorization header.")
	errMissingCode    = badRequest("missing_code", "The request is missing a required parameter: code")
	errCode           = badGrant("auth_code_not_found", "Invalid Authorization Code.")
	errCodeRedirect   = badGrant("invalid_redirect_uri", "Invalid redirect_uri: it is not the one of the authorization request.")
	errMissingVerify  = badRequest("missing_code_verifier", "The request is missing a required parameter: code_verifier")
	errVerifier       = badGrant("invalid_pkce_code_verifier", "The code_verifier does not belong to the code_challenge.")
	errLocked         = badGrant("user_locked", "The user account is locked.")
	errMissingRefresh = badRequest("missing_refresh_token", "The request is missing a required parameter: refresh_token")
	errRefresh        = badGrant("refresh_token_not_found", "Invalid Refresh Token: it is unknown, expired or revoked.")
	errExpiresIn      = badRequest("invalid_expires_in", "Parameter expires_in must be a whole number of seconds, lower than the application's.")

	errTokenRequired = badToken("access_token_required", "The request needs an access token as Authorization: Bearer.")
	errTokenFormat   = badToken("access_token_malformed", "The access token is no JWT.")
	errTokenExpired  = badToken("access_token_expired", "The access token has expired.")
	errTokenInvalid  = badToken("access_token_invalid", "The access token is not valid here.")
	errTokenScope    = &oauthError{http.StatusForbidden, "insufficient_scope", "The access token does not have the scope openid.", "missing_required_scope"}
	errMissingToken  = badRequest("missing_token", "The request is missing a required parameter: token")
	errTokenOfOther  = badClient("client_id_mismatch", "The token was issued to another client.")

	errPostLogout = badRequest("invalid_post_logout_redirect_uri", "Invalid post_logout_redirect_uri: it is not an authorized redirect URL.")
	errIDHint     = badRequest("invalid_id_token_hint", "Invalid id_token_hint.")
)

// write ends the request with the error in the form of RFC 6749 §5.2.
func (e *oauthError) write(w http.ResponseWriter) {
	if e.Status == http.StatusUnauthorized && e.Code == "invalid_client" {
		w.Header().Set("WWW-Authenticate", `Basic realm="FusionAuth"`)
	}
	writeJSON(w, e.Status, e)
}

// query is the error as parameters of a redirect (RFC 6749 §4.1.2.1).
func (e *oauthError) query() url.Values {
	return url.Values{"error": {e.Code}, "error_description": {e.Description}, "error_reason": {e.Reason}}
}

// writeJSON ends the request with a JSON body that no cache keeps (RFC 6749 §5.1).
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
