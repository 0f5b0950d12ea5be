package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"storefront/shared/auth"
	"storefront/shared/config"
)

// discovery is what the identity server says of itself (OpenID Connect Discovery §3).
type discovery struct {
	Issuer     string `json:"issuer"`
	Authorize  string `json:"authorization_endpoint"`
	Token      string `json:"token_endpoint"`
	JWKS       string `json:"jwks_uri"`
	EndSession string `json:"end_session_endpoint"`
}

const unknownIdentity = "the identity server has not described itself"

func (e *examination) identityServer(ctx context.Context, _ string) Finding {
	const mend = "start it, or set FUSIONAUTH_URL to where the gateway reaches it; CA_FILE where its certificate is of a private authority"
	base := e.cfg.FusionAuthURL
	if base.Host == "" {
		return skip("FUSIONAUTH_URL cannot be used")
	}
	a, err := e.observe(ctx, identityServer, e.outside, base.String()+"/.well-known/openid-configuration")
	switch {
	case err != nil:
		return fail(mend, "%s does not answer: %v", base, err)
	case a.StatusCode != http.StatusOK:
		return fail(mend, "%s answers %d instead of its discovery document", base, a.StatusCode)
	}
	var d discovery
	if err := json.Unmarshal([]byte(a.text), &d); err != nil || d.Issuer == "" || d.Authorize == "" || d.Token == "" || d.JWKS == "" {
		return fail(mend, "%s answers with no discovery document", base)
	}
	e.known = &d
	return ok("%s answers", base)
}

func (e *examination) issuer(context.Context, string) Finding {
	switch {
	case e.known == nil:
		return skip(unknownIdentity)
	case e.known.Issuer != e.cfg.Issuer:
		return fail("set one to the other: FUSIONAUTH_ISSUER here and at every service, or the issuer of the tenant in FusionAuth",
			"the identity server calls itself %q and FUSIONAUTH_ISSUER is %q", e.known.Issuer, e.cfg.Issuer)
	default:
		return ok("the identity server calls itself %s", e.known.Issuer)
	}
}

// publishedKeys are what verifies access tokens where no key is shared, and ID tokens wherever they are not signed by the client secret.
func (e *examination) publishedKeys(ctx context.Context, _ string) Finding {
	if e.known == nil {
		return skip(unknownIdentity)
	}
	address := e.at(e.known.JWKS)
	_, err := auth.RemoteKeys(auth.At(address), auth.RemoteConfig{TLS: e.cfg.TLS}).Keys(ctx, "doctor")
	idTokens := slices.ContainsFunc(e.cfg.IDTokenAlgs, func(alg string) bool { return alg != "HS256" })
	switch {
	case err == nil:
		return ok("keys are published at %s", address)
	case e.cfg.AuthMode == config.JWKS:
		return fail("give the application an RSA or EC key for access tokens and ID tokens in FusionAuth, or set AUTH_MODE=hmac and JWT_SIGNING_KEY",
			"%v; HMAC keys are never published, so where there are no others access tokens are signed with HS256, which AUTH_MODE=jwks cannot verify", err)
	case idTokens:
		return fail("give the application an RSA or EC key for ID tokens in FusionAuth, or list HS256 alone in ID_TOKEN_ALGS",
			"%v; HMAC keys are never published: access tokens are signed with HS256 by JWT_SIGNING_KEY, and nothing verifies ID tokens by %s",
			err, strings.Join(e.cfg.IDTokenAlgs, ", "))
	default:
		return ok("no key is published and none is needed: every token is signed with HS256")
	}
}

// at is an address of the discovery document where services reach the identity server: its host name there is the browsers'.
func (e *examination) at(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Scheme, u.Host, u.User = e.cfg.FusionAuthURL.Scheme, e.cfg.FusionAuthURL.Host, nil
	return u.String()
}

// client is the gateway as the identity server knows it.
func (e *examination) client(scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: e.cfg.ClientID, ClientSecret: string(e.cfg.ClientSecret), Scopes: scopes, RedirectURL: e.cfg.GatewayURL.String() + "/oauth-redirect",
		Endpoint: oauth2.Endpoint{AuthURL: e.at(e.known.Authorize), TokenURL: e.at(e.known.Token), AuthStyle: oauth2.AuthStyleInHeader},
	}
}

// clientSecret shows the token endpoint a code that it cannot know: the client is authenticated before it (RFC 6749 §3.2.1).
func (e *examination) clientSecret(ctx context.Context, _ string) Finding {
	switch {
	case e.known == nil:
		return skip(unknownIdentity)
	case e.cfg.ClientSecret == "":
		return skip("FUSIONAUTH_CLIENT_SECRET cannot be used")
	}
	_, err := e.client().Exchange(e.over(ctx, e.outside), "doctor", oauth2.VerifierOption(oauth2.GenerateVerifier()))
	code := oauthError(err)
	switch code {
	case "invalid_grant":
		return ok("the token endpoint knows the client")
	case "invalid_client", "unauthorized_client":
		return fail("set FUSIONAUTH_CLIENT_SECRET, and FUSIONAUTH_CLIENT_ID, to those of the application in FusionAuth", "the token endpoint refuses the client: %s", code)
	default:
		return warn("look at the log of the identity server", "the token endpoint did not say whether it knows the client: %s", code)
	}
}

// oauthError is the error code of a token endpoint's answer, or what else went wrong.
func oauthError(err error) string {
	refusal, answered := errors.AsType[*oauth2.RetrieveError](err)
	transport, broken := errors.AsType[*url.Error](err)
	switch {
	case err == nil:
		return "it gave a token"
	case answered && refusal.ErrorCode != "":
		return refusal.ErrorCode
	case answered:
		return "status " + refusal.Response.Status
	case broken:
		return transport.Err.Error()
	default:
		return "its answer is no token response"
	}
}

// over makes the oauth2 library ask with a client of ours.
func (e *examination) over(ctx context.Context, c *http.Client) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, c)
}
