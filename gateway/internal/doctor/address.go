package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"storefront/shared/config"
)

// redirectURL begins a login as the gateway does. An identity server that does not know the redirect URL must say so itself, since it
// may not redirect (RFC 6749 §4.1.2.1).
func (e *examination) redirectURL(ctx context.Context, _ string) Finding {
	if e.known == nil || e.cfg.GatewayURL.Host == "" {
		return skip("the identity server or GATEWAY_URL is not known")
	}
	login := e.client(e.cfg.Scopes...)
	address := login.AuthCodeURL("doctor", oidc.Nonce("doctor"), oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	a, err := ask(ctx, e.outside, http.MethodGet, address, nil, nil)
	if err != nil {
		return fail("look at the log of the identity server", "the authorization endpoint does not answer: %v", err)
	}
	if a.StatusCode < http.StatusBadRequest {
		to, err := a.Location()
		if err != nil || !to.Query().Has("error") {
			e.redirects = true
			return ok("%s is registered", login.RedirectURL)
		}
		return fail("mend what it names: OIDC_SCOPES, or the application in FusionAuth",
			"the authorization endpoint refuses the gateway's request: %s %s", to.Query().Get("error"), to.Query().Get("error_reason"))
	}
	return e.unregistered(a, login.RedirectURL)
}

// unregistered says which of an address and the client the identity server does not know. FusionAuth names the reason in a page, others
// name the parameter.
func (e *examination) unregistered(a answer, address string) Finding {
	switch {
	case strings.Contains(a.text, "invalid_client"):
		return fail("set FUSIONAUTH_CLIENT_ID to the id of the application in FusionAuth", "the identity server knows no client %s", e.cfg.ClientID)
	case strings.Contains(a.text, "redirect_uri"):
		return fail("add it to the authorized redirect URLs of the application in FusionAuth, exactly as it stands here, or mend GATEWAY_URL",
			"%s is not registered", address)
	default:
		return fail("look at the log of the identity server", "it answers %d for %s", a.StatusCode, address)
	}
}

func (e *examination) postLogoutURL(ctx context.Context, _ string) Finding {
	if e.known == nil || e.cfg.GatewayURL.Host == "" {
		return skip("the identity server or GATEWAY_URL is not known")
	}
	if e.known.EndSession == "" {
		return skip("the identity server has no logout for browsers")
	}
	home := e.cfg.GatewayURL.String() + "/"
	query := url.Values{"client_id": {e.cfg.ClientID}, "post_logout_redirect_uri": {home}}
	a, err := ask(ctx, e.outside, http.MethodGet, e.at(e.known.EndSession)+"?"+query.Encode(), nil, nil)
	if err != nil {
		return fail("look at the log of the identity server", "its logout does not answer: %v", err)
	}
	if a.StatusCode >= http.StatusBadRequest {
		return e.unregistered(a, home)
	}
	if to, err := a.Location(); err == nil && to.String() != home {
		return warn("add "+home+" to the authorized redirect URLs of the application in FusionAuth", "after a logout people come to %s", to.Redacted())
	}
	return ok("%s is registered", home)
}

func (e *examination) gatewayURL(ctx context.Context, _ string) Finding {
	const mend = "start the gateway, or set GATEWAY_URL to the address that browsers use; from this machine it may be out of reach by design"
	base := e.cfg.GatewayURL
	if base.Host == "" {
		return skip("GATEWAY_URL cannot be used")
	}
	a, err := ask(ctx, e.outside, http.MethodGet, base.String()+"/healthz", nil, nil)
	switch {
	case err != nil:
		return warn(mend, "%s does not answer: %v", base, err)
	case a.StatusCode != http.StatusOK:
		return warn(mend, "%s answers %d for /healthz", base, a.StatusCode)
	}
	e.answers = true
	return ok("%s answers", base)
}

// login compares where the running gateway sends browsers with the settings of this process, which may be others.
func (e *examination) login(ctx context.Context, _ string) Finding {
	if !e.answers {
		return skip("the gateway does not answer")
	}
	a, err := ask(ctx, e.outside, http.MethodGet, e.cfg.GatewayURL.String()+"/login", nil, nil)
	if err != nil {
		return fail("look at the log of the gateway", "/login does not answer: %v", err)
	}
	e.entry = &a
	to, err := a.Location()
	if a.StatusCode != http.StatusFound || err != nil {
		return fail("look at the log of the gateway, request "+a.Header.Get("X-Request-Id"), "/login answers %d instead of a redirect", a.StatusCode)
	}
	query := to.Query()
	switch {
	case query.Has("moved"):
		return fail("let the proxy before the gateway keep the Host header, or set GATEWAY_URL to the name that browsers use",
			"the gateway sees another host name than that of GATEWAY_URL, %s", e.cfg.GatewayURL.Host)
	case to.Host != e.cfg.FusionAuthPublicURL.Host:
		return fail("set FUSIONAUTH_PUBLIC_URL to where browsers reach FusionAuth, here and at the gateway", "/login leads to %s and FUSIONAUTH_PUBLIC_URL is %s", to.Host, e.cfg.FusionAuthPublicURL)
	case query.Get("redirect_uri") != e.cfg.GatewayURL.String()+"/oauth-redirect", query.Get("client_id") != e.cfg.ClientID:
		return fail("give the doctor and the gateway the same settings", "the running gateway has another GATEWAY_URL or FUSIONAUTH_CLIENT_ID")
	}
	return ok("/login leads to %s", to.Host)
}

func (e *examination) cookies(context.Context, string) Finding {
	gateway := e.cfg.GatewayURL
	switch {
	case gateway.Host == "":
		return skip("GATEWAY_URL cannot be used")
	case gateway.Scheme == "http" && !config.Loopback(gateway.Hostname()):
		return fail("set GATEWAY_URL to the https address that browsers use, also where a proxy before the gateway speaks TLS",
			"GATEWAY_URL is http, so the session cookie is not Secure and anybody on the way can take it")
	case gateway.Scheme == "http":
		return ok("they stay on this machine: GATEWAY_URL is loopback")
	case e.entry == nil:
		return skip("the gateway does not answer")
	}
	return secureCookies(e.entry.Cookies())
}

func secureCookies(cookies []*http.Cookie) Finding {
	const mend = "start the gateway with this GATEWAY_URL, and let no proxy change Set-Cookie"
	for _, c := range cookies {
		name := c.Name[:min(len(c.Name), len("__Host-fa.gw."))]
		switch {
		case !c.Secure:
			return fail(mend, "GATEWAY_URL is https and the cookie %s… is not Secure", name)
		case !strings.HasPrefix(c.Name, "__Host-"):
			return fail(mend, "GATEWAY_URL is https and the cookie %s… has not the prefix __Host-", name)
		}
	}
	if len(cookies) == 0 {
		return skip("/login sets no cookie")
	}
	return ok("%d seen, Secure and __Host-", len(cookies))
}
