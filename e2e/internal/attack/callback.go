package attack

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"storefront/e2e/internal/browser"
)

// callbackRows are about the answer to a login.
var callbackRows = []Row{
	{ID: "S3", Name: "callbacks of another browser", Sends: "a victim's code and state, with no cookie and with one's own attempt's", Source: "RFC 9700 §4.5, §4.7, GHSA-f24x-5g9q-753f (oauth2-proxy), keptn#4947", Must: "nobody is signed in, no 5xx", Doors: atGateway, Class: []int{16}, try: tryForeignCallback},
	{ID: "S4", Name: "changed callbacks", Sends: "21 changes of state, code, iss, error, and each twice", Source: "RFC 9700 §4.4 (mix-up), RFC 9207", Must: "nobody is signed in, no 5xx", Doors: atGateway, Class: []int{15}, try: tryChangedCallback},
	{ID: "S5", Name: "code injection", Sends: "another login's code in one's own attempt", Source: "RFC 9700 §4.5, RFC 7636", Must: "nobody is signed in", Doors: atGateway, Class: []int{16}, try: tryInjection},
	{ID: "S6", Name: "replayed callbacks", Sends: "a callback again, with and without its cookie", Source: "RFC 6749 §10.5", Must: "no second session", Doors: atGateway, try: tryReplay},
	{ID: "S8", Name: "attempts under another name", Sends: "the sealed cookie of one attempt under the state of another, shifted characters", Source: "CVE-2023-35941 (Envoy)", Must: "nobody is signed in", Doors: atGateway, Class: []int{19}, try: tryShifted},
}

// attempt is a login up to the redirect to the gateway, which is not followed.
type attempt struct {
	browser  *browser.Browser
	callback string // its address
}

func (p *probe) attempt(ctx context.Context, name string) (attempt, error) {
	who, err := p.person(name)
	if err != nil {
		return attempt{}, err
	}
	b := browser.Over(p.target.Transport)
	callback, err := b.Approach(ctx, p.base()+"/login", p.base()+"/oauth-redirect", who)
	return attempt{b, callback}, err
}

// path is the callback with parameters changed; nil removes one.
func (t attempt) path(changes map[string][]string) string {
	u, err := url.Parse(t.callback)
	if err != nil {
		return "/oauth-redirect"
	}
	q := u.Query()
	for name, values := range changes {
		if q[name] = values; values == nil {
			q.Del(name)
		}
	}
	return "/oauth-redirect?" + q.Encode()
}

func (t attempt) cookie(base string) string { return "Cookie: " + t.browser.Cookies(base) }

// callsBack sends a callback and notes when somebody is signed in by it.
func (p *probe) callsBack(ctx context.Context, what, path string, fields ...string) answer {
	a := p.ask(ctx, "GET "+path, fields...)
	if a.status >= http.StatusInternalServerError && a.status != http.StatusBadGateway && a.status != http.StatusServiceUnavailable || a.status == 0 {
		p.note("%s: answered %s", what, a)
	}
	if away := a.header.Get("Location"); strings.HasPrefix(away, "http") || strings.HasPrefix(away, "//") {
		p.note("%s: it leads to %q", what, clip(away))
	}
	if c, ok := a.sets("fa.gw.sid"); ok && c.MaxAge >= 0 && c.Value != "" {
		if p.ask(ctx, "GET /me", "Cookie: "+c.Name+"="+c.Value).served() {
			p.note("%s: somebody is signed in", what)
		}
	}
	return a
}

func tryForeignCallback(ctx context.Context, p *probe) error {
	victim, err := p.attempt(ctx, "admin")
	if err != nil {
		return err
	}
	p.callsBack(ctx, "no cookie", victim.path(nil))
	begun := p.ask(ctx, "GET /login")
	var own []string
	for _, c := range (&http.Response{Header: begun.header}).Cookies() {
		own = append(own, c.Name+"="+c.Value)
	}
	p.callsBack(ctx, "the cookie of one's own attempt", victim.path(nil), "Cookie: "+strings.Join(own, "; "))
	p.callsBack(ctx, "a made-up cookie", victim.path(nil), "Cookie: fa.gw.login."+parameter(victim.callback, "state")+"=AAAA; fa.gw.sid=AAAA")
	return nil
}

func tryChangedCallback(ctx context.Context, p *probe) error {
	t, err := p.attempt(ctx, "customer")
	if err != nil {
		return err
	}
	code, state := parameter(t.callback, "code"), parameter(t.callback, "state")
	changes := map[string]map[string][]string{
		"no state": {"state": nil}, "an empty state": {"state": {""}}, "another state": {"state": {"guess"}}, "a longer state": {"state": {state + "x"}}, "a shorter state": {"state": {state[:max(0, len(state)-1)]}},
		"a state in lower case": {"state": {strings.ToLower(state)}}, "two states": {"state": {"x", state}}, "a state of paths": {"state": {"../../x"}}, "a long state": {"state": {strings.Repeat("s", 1500)}},
		"a state of CRLF": {"state": {"x\r\nSet-Cookie: a=b"}}, "iss of another server": {"iss": {"https://" + evil}}, "no code": {"code": nil}, "an empty code": {"code": {""}},
		"an error beside the code": {"error": {"access_denied"}}, "an error of markup": {"error": {"<script>"}, "error_description": {"<script>alert(1)</script>"}, "code": nil}, "another code": {"code": {"guess"}}, "a long code": {"code": {strings.Repeat("c", 1500)}},
		"a token for a code": {"code": nil, "access_token": {"x"}, "id_token": {"x"}}, "iss twice": {"iss": {"https://" + evil, p.target.Identity}}, "a code of an error": {"code": {code}, "error": {""}, "iss": {""}}, "nothing": {"state": nil, "code": nil, "iss": nil},
	}
	for what, change := range changes {
		again, err := p.attempt(ctx, "customer") // since some spend the attempt
		if err != nil {
			return err
		}
		if change["state"] != nil && strings.Contains(strings.Join(change["state"], ""), state) {
			change["state"] = []string{strings.Replace(strings.Join(change["state"], ""), state, parameter(again.callback, "state"), 1)}
		}
		a := p.callsBack(ctx, what, again.path(change), again.cookie(p.base()))
		if strings.Contains(string(a.body), "<script>alert") {
			p.note("%s: the page repeats the markup", what)
		}
	}
	return nil
}

func tryInjection(ctx context.Context, p *probe) error {
	own, err := p.attempt(ctx, "customer")
	if err != nil {
		return err
	}
	foreign, err := p.attempt(ctx, "admin")
	if err != nil {
		return err
	}
	p.callsBack(ctx, "a foreign code", own.path(map[string][]string{"code": {parameter(foreign.callback, "code")}}), own.cookie(p.base()))
	return nil
}

func tryReplay(ctx context.Context, p *probe) error {
	t, err := p.attempt(ctx, "customer")
	if err != nil {
		return err
	}
	cookie := t.cookie(p.base())
	if a := p.ask(ctx, "GET "+t.path(nil), cookie); a.status != http.StatusSeeOther && a.status != http.StatusFound {
		p.note("the callback itself: answered %s", a)
	}
	p.callsBack(ctx, "again, with its cookie", t.path(nil), cookie)
	p.callsBack(ctx, "again, from elsewhere", t.path(nil))
	return nil
}

func tryShifted(ctx context.Context, p *probe) error {
	one, err := p.attempt(ctx, "customer")
	if err != nil {
		return err
	}
	other, err := p.attempt(ctx, "admin")
	if err != nil {
		return err
	}
	pairs := func(t attempt) (name, value string) {
		for pair := range strings.SplitSeq(t.browser.Cookies(p.base()), "; ") {
			if n, v, ok := strings.Cut(pair, "="); ok && strings.Contains(n, parameter(t.callback, "state")) {
				return n, v
			}
		}
		return "", ""
	}
	oneName, oneValue := pairs(one)
	otherName, _ := pairs(other)
	if oneName == "" || otherName == "" {
		return untried("login attempts are not kept in a cookie per state there")
	}
	p.callsBack(ctx, "one's attempt under another's state", other.path(nil), "Cookie: "+otherName+"="+oneValue)
	state := parameter(one.callback, "state")
	shifted := map[string][]string{"state": {state[:len(state)-1]}}
	p.callsBack(ctx, "a character from the name to the value", one.path(shifted), "Cookie: "+oneName[:len(oneName)-1]+"="+oneName[len(oneName)-1:]+oneValue)
	p.callsBack(ctx, "a changed value", one.path(nil), "Cookie: "+oneName+"="+flip(oneValue))
	return nil
}

// flip changes one character of a text.
func flip(text string) string {
	at := len(text) / 2
	if at == 0 {
		return "A"
	}
	c := byte('A')
	if text[at] == c {
		c = 'B'
	}
	return text[:at] + string(c) + text[at+1:]
}
