package attack

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"storefront/e2e/internal/browser"
)

// loginRows are about where a login leads.
var loginRows = []Row{
	{ID: "S1", Name: "the authorization request", Sends: "five logins", Source: "RFC 9700 §2.1.1, §4.7, ASVS 10.2.1", Must: "code, PKCE S256, nonce and state of 128 bits, new each time", Doors: atGateway, try: tryAuthorization},
	{ID: "S2", Name: "a steered authorization request", Sends: "redirect_uri, client_id, state, scope, response_mode of the client's own", Source: "RFC 9700 §4.1, CVE-2021-29652 (Pomerium)", Must: "nothing of it arrives", Doors: atGateway, Class: []int{15}, try: trySteering},
	{ID: "S7", Name: "open redirects after a login", Sends: "44 spellings of another site as return_to", Source: "CVE-2020-5233, GHSA-qqxw, GHSA-j7px, GHSA-5m6c, GHSA-4mf2 (oauth2-proxy)", Must: "the login ends on this site", Doors: atGateway, Class: []int{14}, try: tryReturns},
	{ID: "S12", Name: "open redirects by other names", Sends: "16 parameters at login, logout, callback and a page", Source: "RFC 9700 §4.11, ASVS 5.1.5", Must: "no Location to another site", Doors: atGateway, Class: []int{14}, try: tryRedirectNames},
}

// login begins a login and gives where it leads.
func (p *probe) login(ctx context.Context, query string, fields ...string) (to *url.URL, ok bool) {
	a := p.ask(ctx, "GET /login"+query, fields...)
	if to, err := url.Parse(a.header.Get("Location")); err == nil && a.status == http.StatusFound && to.Host != "" {
		return to, true
	}
	p.note("the login%s: answered %s to %q", clip(query), a, clip(a.header.Get("Location")))
	return nil, false
}

func tryAuthorization(ctx context.Context, p *probe) error {
	seen := map[string]bool{}
	for range 5 {
		to, ok := p.login(ctx, "")
		if !ok {
			return nil
		}
		q := to.Query()
		if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 {
			p.note("the request is no code flow with PKCE S256")
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(name)) < 22 || seen[q.Get(name)] { // 22 characters of base64 are 128 bits
				p.note("%s is short, or the same again", name)
			}
			seen[q.Get(name)] = true
		}
		if q.Get("redirect_uri") != p.base()+"/oauth-redirect" {
			p.note("redirect_uri is not the gateway's")
		}
	}
	return nil
}

func trySteering(ctx context.Context, p *probe) error {
	for _, query := range []string{
		"?redirect_uri=https://" + evil, "?client_id=" + evil, "?state=" + evil + evil, "?nonce=" + evil, "?scope=" + evil, "?response_mode=form_post&response_type=token", "?code_challenge=" + evil + "&code_challenge_method=plain",
		"?request=" + evil + "&request_uri=https://" + evil, "?acr_values=" + evil + "&idp_hint=" + evil, "?iss=https://" + evil, "?prompt=none&x=" + evil,
	} {
		to, ok := p.login(ctx, query)
		if !ok {
			continue
		}
		q := to.Query()
		if strings.Contains(to.String(), evil) || q.Get("response_type") != "code" || q.Get("response_mode") == "form_post" || q.Get("code_challenge_method") != "S256" || q.Get("prompt") == "none" {
			p.note("%q steers the request", query)
		}
	}
	return nil
}

// elsewhere are spellings that browsers, or careless checks, take for an address on another site.
var elsewhere = []string{
	"https://evil.example/", "http://evil.example", "HTTPS://evil.example", "//evil.example", "///evil.example", "////evil.example/", "//evil.example/%2f..", `/\evil.example`, `\/evil.example`, `\\evil.example`, `/\/evil.example`,
	"/\t/evil.example", "/%09/evil.example", "/%0a/evil.example", "/%0d/evil.example", "/%2fevil.example", "/%5cevil.example", "/%5Cevil.example", "https:evil.example", "https:/evil.example", "http:///evil.example", "https://localhost@evil.example",
	"https://localhost:3000@evil.example/", "@evil.example", "/@evil.example/..//evil.example", "/..//evil.example", "/./..//evil.example", "/.//evil.example", "javascript:alert(1)", "JaVaScript:alert(1)", "data:text/html,x", "vbscript:x", "//evil%E3%80%82example", "//evil\u3002example",
	"https://localhost.evil.example", "https://evil.example/localhost", "https://evil.example#localhost", "https://evil.example?localhost", " https://evil.example", "\x00https://evil.example", "/\x0b/evil.example", "/ /evil.example", ".evil.example", "/x\r\nLocation: https://evil.example",
}

func tryReturns(ctx context.Context, p *probe) error {
	who, err := p.person("customer")
	if err != nil {
		return err
	}
	for _, to := range elsewhere {
		page, err := p.signInTo(ctx, to, who)
		if err != nil {
			return err
		}
		if away(p.base(), page) {
			p.note("return_to=%q leads to %q", to, page)
		}
	}
	return nil
}

// signInTo signs in with a fresh browser and gives where the gateway then sends it.
func (p *probe) signInTo(ctx context.Context, returnTo string, who browser.Person) (string, error) {
	b := browser.Over(p.target.Transport)
	callback, err := b.Approach(ctx, p.base()+"/login?return_to="+url.QueryEscape(returnTo), p.base()+"/oauth-redirect", who)
	if err != nil {
		return "", err
	}
	page, err := b.Get(ctx, callback)
	if err == nil && page.Status != http.StatusSeeOther && page.Status != http.StatusFound {
		p.note("return_to=%q: the callback is answered %d", returnTo, page.Status)
	}
	return page.Header.Get("Location"), err
}

// away reports whether a browser takes a Location for another site, or for a script.
func away(base, location string) bool {
	clean := strings.Map(func(r rune) rune { // as browsers read it (WHATWG URL)
		switch r {
		case '\t', '\n', '\r':
			return -1
		case '\\':
			return '/'
		default:
			return r
		}
	}, strings.TrimFunc(location, func(r rune) bool { return r <= ' ' }))
	home, err := url.Parse(base)
	if err != nil {
		return true
	}
	to, err := home.Parse(clean)
	return err != nil || to.Host != home.Host || to.Scheme != home.Scheme || strings.Contains(to.Path, "//")
}

// redirectNames are parameters by which applications are told where to go next.
var redirectNames = strings.Fields("return_to returnTo redirect redirect_to redirect_uri redirect_url url next continue goto target dest rd back r post_logout_redirect_uri")

func tryRedirectNames(ctx context.Context, p *probe) error {
	cookie, err := p.fresh(ctx, "customer")
	if err != nil {
		cookie = "X-None: 1"
	}
	for _, name := range redirectNames {
		query := "?" + name + "=" + url.QueryEscape("https://"+evil+"/")
		for _, line := range []string{"GET /login" + query, "GET /oauth-redirect" + query, "GET /" + query, "GET /products" + query, "GET /logout/frontchannel" + query, "GET /branches/1/products" + query, "GET /logout" + query} {
			a := p.ask(ctx, line, "Accept: text/html", cookie)
			to, err := url.Parse(a.header.Get("Location"))
			if err != nil || to.Host == evil || strings.HasPrefix(a.header.Get("Location"), "//") || strings.Contains(a.header.Get("Refresh"), evil) || to.Query().Get("post_logout_redirect_uri") == "https://"+evil+"/" {
				p.note("%s leads to %q", line, a.header.Get("Location"))
			}
		}
	}
	return nil
}

// planted is a browser that has cookies already, as an attacker has set them.
func planted(base string, cookies ...*http.Cookie) *browser.Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no reason to
	}
	u, err := url.Parse(base)
	if err == nil {
		jar.SetCookies(u, cookies)
	}
	return browser.WithCookies(jar)
}

func unescape(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return plain
}
