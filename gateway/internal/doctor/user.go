package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"storefront/shared/auth"
)

// userToken has the gateway's own verifier look at a user's token, and says which of its checks refuses.
func (e *examination) userToken(ctx context.Context, _ string) Finding {
	token := string(e.cfg.Token)
	switch {
	case token == "" && e.cfg.User == "":
		return skip("no user's token was looked at: give --user EMAIL with the password in DOCTOR_PASSWORD, or a token in DOCTOR_TOKEN")
	case token == "" && (!e.redirects || e.cfg.ClientSecret == ""):
		return skip("nobody can sign in: see the checks above")
	case token == "":
		var err error
		if token, err = e.signIn(ctx); err != nil {
			return fail("see what the sentence names; DOCTOR_TOKEN takes a token that was had in another way", "the user cannot be signed in: %v", err)
		}
	}
	verifier, err := auth.UserVerifier(e.cfg.Common, slog.New(slog.DiscardHandler))
	if err != nil {
		return skip("there is no key to verify with: see the settings")
	}
	p, err := verifier.Verify(ctx, token, auth.Target{})
	if refusal, refused := errors.AsType[auth.Refusal](err); refused {
		f := fail("see below for this reason; it is the one that the log gives", "%v", err)
		f.See = string(refusal)
		return f
	}
	if err != nil {
		return skip("%v", err)
	}
	e.token, e.verified = token, p
	return ok("the gateway takes it")
}

var (
	errPassword = errors.New("the identity server shows the form again: e-mail or password are not accepted, or it asks for more")
	errNoCode   = errors.New("the identity server gave no code")
)

// signIn fills in the login form in place of a browser. The form takes its own request again, with what people type into it. It asks for
// no refresh token, so nothing stays behind.
func (e *examination) signIn(ctx context.Context) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := *e.outside
	browser.Jar = jar
	gateway, verifier := e.client("openid"), oauth2.GenerateVerifier()
	form, err := url.Parse(gateway.AuthCodeURL("doctor", oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return "", err
	}
	if _, err := ask(ctx, &browser, http.MethodGet, form.String(), nil, nil); err != nil {
		return "", err
	}
	fields := form.Query()
	fields.Set("loginId", e.cfg.User)
	fields.Set("password", string(e.cfg.Password))
	form.RawQuery = ""
	a, err := ask(ctx, &browser, http.MethodPost, form.String(), fields, http.Header{"Origin": {form.Scheme + "://" + form.Host}})
	if err != nil {
		return "", err
	}
	code, err := codeOf(a, gateway.RedirectURL)
	if err != nil {
		return "", err
	}
	tokens, err := gateway.Exchange(e.over(ctx, e.outside), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", fmt.Errorf("the token endpoint gave no token: %s", oauthError(err))
	}
	return tokens.AccessToken, nil
}

// codeOf reads the answer to the form, which leads to the callback.
func codeOf(a answer, callback string) (string, error) {
	to, err := a.Location()
	switch {
	case err != nil && a.StatusCode < http.StatusBadRequest:
		return "", errPassword
	case err != nil:
		return "", fmt.Errorf("the identity server answers %d to the form", a.StatusCode)
	case !strings.HasPrefix(to.String(), callback+"?") || to.Query().Get("code") == "":
		return "", errNoCode
	default:
		return to.Query().Get("code"), nil
	}
}

const noToken = "there is no user's token that the gateway takes"

// roles tells the two ways apart in which FusionAuth signs somebody in without a role.
func (e *examination) roles(context.Context, string) Finding {
	switch {
	case e.token == "":
		return skip(noToken)
	case len(e.verified.Roles) > 0:
		return ok("the user has %v", e.verified.Roles)
	case !e.verified.Registered:
		return fail("add a registration with a role for this application in FusionAuth, and sign in again",
			"the user is not registered for the application %s, so the token has no roles", e.cfg.ClientID)
	default:
		return fail("add a role to the user's registration in FusionAuth, and sign in again; ROLES_CLAIM says where they stand in the token",
			"the user is registered, and the token has no role at %s that is known here: %v", e.cfg.RolesClaim, auth.Roles())
	}
}

// relayedToken asks a service as the gateway does for somebody who is signed in. Whether the roles suffice is not the question.
func (e *examination) relayedToken(ctx context.Context, of string) Finding {
	switch {
	case e.token == "":
		return skip(noToken)
	case !e.up[of]:
		return skip("it does not answer")
	}
	path := map[string]string{catalog: "/products", inventory: "/branches/1/products"}[of]
	return e.show(ctx, of, path, e.token,
		"give it the AUTH_MODE, JWT_SIGNING_KEY, FUSIONAUTH_ISSUER, FUSIONAUTH_CLIENT_ID and USER_AUDIENCE of the gateway; compare `gateway config` and `"+of+" config`. Its log says which check refused",
		"the user's token")
}
