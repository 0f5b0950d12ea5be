package doctor

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"storefront/shared/auth"
	"storefront/shared/problem"
)

// at gives where a service is, and the name of the setting that says so.
func (c Config) at(of string) (base *url.URL, setting string) {
	if of == catalog {
		return c.CatalogURL, "CATALOG_URL"
	}
	return c.InventoryURL, "INVENTORY_URL"
}

func (e *examination) service(ctx context.Context, of string) Finding {
	base, setting := e.cfg.at(of)
	if base.Host == "" {
		return skip("%s cannot be used", setting)
	}
	mend := "start it, or set " + setting + " to where the gateway reaches it"
	a, err := e.observe(ctx, of, e.inside, base.String()+"/healthz")
	switch {
	case err != nil:
		return fail(mend, "%s does not answer: %v", base, err)
	case a.StatusCode != http.StatusOK:
		return fail(mend, "%s answers %d for /healthz", base, a.StatusCode)
	}
	e.up[of] = true
	return ok("%s answers", base)
}

// gatewayToken asks a service as the gateway does for somebody who is not signed in: only a service with the same key, or one that reads
// the gateway's key set, and with the same GATEWAY_ISSUER takes the token.
func (e *examination) gatewayToken(ctx context.Context, of string) Finding {
	switch {
	case e.cfg.Signer == nil:
		return skip("there is no key to sign with: see the settings")
	case !e.up[of]:
		return skip("it does not answer")
	}
	base, _ := e.cfg.at(of)
	target := auth.Target{Method: http.MethodGet, URI: base.EscapedPath() + "/products"}
	token, err := e.cfg.Signer.Sign(of, target)
	if err != nil {
		return fail("mend GATEWAY_SIGNING_KEYS", "%v", err)
	}
	return e.show(ctx, of, "/products", token,
		"give both the same JWT_SIGNING_KEY (compare the fingerprints that `gateway config` and `"+of+" config` print) and GATEWAY_ISSUER; "+
			"with AUTH_MODE=jwks let GATEWAY_JWKS_URL lead to this gateway. Its log says which check refused",
		"a gateway token, signed by the "+e.keyPrint())
}

// show asks a service with a token and says whether the service takes it; one that answers without any takes every token.
func (e *examination) show(ctx context.Context, of, path, token, mend, what string) Finding {
	base, setting := e.cfg.at(of)
	a, err := ask(ctx, e.inside, http.MethodGet, base.String()+path, nil, nil)
	if err == nil && a.StatusCode < http.StatusMultipleChoices {
		return fail("let "+setting+" lead to "+of+" itself; it is another program, or verifies nothing", "%s%s is answered without any token", base, path)
	}
	a, err = ask(ctx, e.inside, http.MethodGet, base.String()+path, nil, http.Header{"Authorization": {"Bearer " + token}})
	switch {
	case err != nil:
		return fail("look at the log of "+of, "it does not answer: %v", err)
	case a.StatusCode == http.StatusUnauthorized, 300 <= a.StatusCode && a.StatusCode < 400: // LOGIN_REDIRECT_URL is for browsers, a proxy may be in between
		return fail(mend, "it refuses %s", what)
	case a.StatusCode >= http.StatusInternalServerError:
		return fail("look at the log of "+of+", request "+a.Header.Get(problem.RequestIDHeader), "it answers %d: %s", a.StatusCode, detail(a.text))
	default:
		return ok("it takes %s", what)
	}
}

// detail is the sentence of a problem.
func detail(body string) string {
	var d problem.Document
	if json.Unmarshal([]byte(body), &d) != nil || d.Detail == "" {
		return "(no reason given)"
	}
	return d.Detail
}
