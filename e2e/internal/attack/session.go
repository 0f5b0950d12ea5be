package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"storefront/e2e/internal/browser"
)

// sessionRows are about the cookie.
var sessionRows = []Row{
	{ID: "C1", Name: "attributes of the cookies", Sends: "a login, and a logout", Source: "ASVS 3.3, RFC 6265bis §4.1.3, CVE-2025-55162 (Envoy)", Must: "HttpOnly, SameSite, Path=/, no Domain; Secure and __Host- on https; 128 bits, no token", Doors: atGateway, try: tryAttributes},
	{ID: "C2", Name: "session fixation", Sends: "a login with a planted id", Source: "ASVS 7.2.4, GHSA-f24x-5g9q-753f (oauth2-proxy)", Must: "another id; the planted one is worth nothing", Doors: atGateway, Class: []int{16}, try: tryFixation},
	{ID: "C3", Name: "cookies that are none", Sends: "60 values, sizes, numbers and duplicates", Source: "ASVS 7.2, CVE-2022-29226 (Envoy)", Must: "401, never 5xx", Doors: atGateway, Class: []int{18}, try: tryCookies},
	{ID: "C4", Name: "the id in another place", Sends: "a genuine id in query, path, header and under other names", Source: "ASVS 7.2.2, RFC 6265bis §5.7 (__Host-)", Must: "401", Doors: atGateway, Class: []int{19}, try: tryOtherPlaces},
	{ID: "C5", Name: "a session after its logout", Sends: "the old cookie after each kind of logout", Source: "CVE-2024-21492 (caddy-security)", Must: "401; other sessions go on", Doors: atGateway, Class: []int{17}, try: tryAfterLogout},
	{ID: "C6", Name: "two users at once", Sends: "400 requests of two users over shared connections", Source: "CVE-2026-40155 (nextjs-auth0), APISIX session sharing", Must: "each sees itself", Doors: atGateway, Class: []int{19, 21}, try: tryInterleaved},
}

func tryAttributes(ctx context.Context, p *probe) error {
	t, err := p.attempt(ctx, "customer")
	if err != nil {
		return err
	}
	in := p.ask(ctx, "GET "+t.path(nil), t.cookie(p.base()))
	c, ok := in.sets("fa.gw.sid")
	if !ok {
		p.note("the login sets no cookie fa.gw.sid")
		return nil
	}
	secure := strings.HasPrefix(p.base(), "https:")
	if len(c.Value) < 22 || strings.Contains(c.Value, ".") && len(c.Value) > 200 {
		p.note("the id is short, or no mere id")
	}
	out := p.ask(ctx, "POST /logout", "Cookie: "+c.Name+"="+c.Value, "Origin: "+p.base(), "Sec-Fetch-Site: same-origin")
	if gone, ok := out.sets("fa.gw.sid"); !ok || gone.MaxAge >= 0 || gone.Name != c.Name {
		p.note("the logout does not take the cookie back")
	}
	begun := p.ask(ctx, "GET /login")
	for what, a := range map[string]answer{"the login": begun, "the callback": in, "the logout": out} {
		for _, c := range (&http.Response{Header: a.header}).Cookies() {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || secure != c.Secure || secure && !strings.HasPrefix(c.Name, "__Host-") {
				p.note("%s sets %s without what it needs", what, clip(c.Name))
			}
		}
	}
	return nil
}

func tryFixation(ctx context.Context, p *probe) error {
	who, err := p.person("customer")
	if err != nil {
		return err
	}
	const value = "planted-planted-planted-planted-planted-pl"
	b := planted(p.base(), &http.Cookie{Name: "fa.gw.sid", Value: value, Path: "/"})
	if err := b.SignIn(ctx, p.base(), who); err != nil {
		return err
	}
	if strings.Contains(b.Cookies(p.base()), value) {
		p.note("the planted id is still in the browser")
	}
	p.wants("the planted id", p.ask(ctx, "GET /me", "Cookie: fa.gw.sid="+value), http.StatusUnauthorized)
	name, before := sessionPair(b.Cookies(p.base()))
	again := planted(p.base(), &http.Cookie{Name: name, Value: before, Path: "/"})
	if err := again.SignIn(ctx, p.base(), who); err != nil {
		return err
	}
	if _, after := sessionPair(again.Cookies(p.base())); after == before {
		p.note("the second login keeps the id of the first")
	}
	p.wants("the id of the login before", p.ask(ctx, "GET /me", "Cookie: "+name+"="+before), http.StatusUnauthorized)
	return nil
}

// sessionPair is the name and the value of the session's cookie.
func sessionPair(cookie string) (name, value string) {
	for pair := range strings.SplitSeq(strings.TrimPrefix(cookie, "Cookie: "), "; ") {
		if n, v, ok := strings.Cut(pair, "="); ok && strings.HasSuffix(n, "fa.gw.sid") {
			return n, v
		}
	}
	return "fa.gw.sid", "none"
}

func tryCookies(ctx context.Context, p *probe) error {
	name, value := "fa.gw.sid", strings.Repeat("A", 43)
	if cookie, err := p.session(ctx, "customer"); err == nil {
		name, value = sessionPair(cookie)
	}
	bad := []string{
		"", "x", "null", "undefined", "0", "true", "admin", "../../etc/passwd", "' OR 1=1 --", "{}", "[]", "%00", "\x01", "\xff", strings.Repeat("A", 43), strings.Repeat("A", 4<<10), strings.Repeat("=", 100), "eyJhbGciOiJub25lIn0.e30.", "*", "?", "a*", "session:1",
		flip(value), value[:len(value)-1], value + "A", value + "=", value + "%00", "A" + value, strings.ToUpper(value), strings.ToLower(value), value + value, value + "." + value, `{"user":"admin"}`, "O:4:\"User\":0:{}", "rO0ABXNy", "\"\"", "(){ :;}; echo x", "<script>", strings.Repeat("%", 300),
	}
	for i := range 16 {
		at := i * len(value) / 16
		bad = append(bad, value[:at]+flip(value[at:min(len(value), at+2)])+value[min(len(value), at+2):])
	}
	for _, v := range bad {
		if v != value {
			p.wants("value "+clip(fmt.Sprintf("%q", v)), p.ask(ctx, "GET /me", "Cookie: "+name+"="+v), http.StatusUnauthorized, http.StatusBadRequest)
		}
	}
	for what, field := range map[string]string{
		"a genuine one behind another": name + "=x; " + name + "=" + value, "a genuine one before another": name + "=" + value + "; " + name + "=x", "one twice": name + "=" + value + "; " + name + "=" + value + "x", "200 cookies": strings.Repeat("a=b; ", 200) + name + "=x", "no pairs": ";;; = ;;" + name,
	} {
		p.wants(what, p.ask(ctx, "GET /me", "Cookie: "+field), http.StatusUnauthorized, http.StatusBadRequest)
	}
	return nil
}

func tryOtherPlaces(ctx context.Context, p *probe) error {
	cookie, err := p.session(ctx, "customer")
	if err != nil {
		return err
	}
	name, value := sessionPair(cookie)
	p.wants("the id itself", p.ask(ctx, "GET /me", "Cookie: "+name+"="+value), http.StatusOK)
	for what, a := range map[string]answer{
		"query": p.ask(ctx, "GET /me?"+name+"="+value+"&sid="+value+"&session="+value), "header": p.ask(ctx, "GET /me", name+": "+value, "X-Session: "+value, "Set-Cookie: "+name+"="+value), "Bearer": p.ask(ctx, "GET /me", "Authorization: Bearer "+value),
		"body": p.put(ctx, "GET /me", name+"="+value, "Content-Type: application/x-www-form-urlencoded"), "upper case": p.ask(ctx, "GET /me", "Cookie: "+strings.ToUpper(name)+"="+value), "connect.sid": p.ask(ctx, "GET /me", "Cookie: connect.sid="+value+"; session="+value),
		"the other prefix": p.ask(ctx, "GET /me", "Cookie: __Secure-fa.gw.sid="+value+"; __host-fa.gw.sid="+value+"; __Host-fa.gw.sid =x"), "Cookie2": p.ask(ctx, "GET /me", "Cookie2: "+name+"="+value), "an attempt's name": p.ask(ctx, "GET /me", "Cookie: fa.gw.login."+value[:8]+"="+value),
		"__Host- in another place": p.ask(ctx, "GET /me", "Cookie: x=y,"+name+"="+value),
	} {
		p.wants(what, a, http.StatusUnauthorized, http.StatusBadRequest, http.StatusNotFound)
	}
	return nil
}

func tryAfterLogout(ctx context.Context, p *probe) error {
	other, err := p.fresh(ctx, "customer")
	if err != nil {
		return err
	}
	for _, line := range []string{"POST /logout", "GET /logout", "GET /logout/frontchannel", "POST /logout/everywhere"} {
		cookie, err := p.fresh(ctx, "customer")
		if err != nil {
			return err
		}
		p.wants("before "+line, p.ask(ctx, "GET /me", cookie), http.StatusOK)
		if a := p.ask(ctx, line, cookie, "Origin: "+p.base(), "Sec-Fetch-Site: same-origin"); a.status >= http.StatusBadRequest || a.status == 0 {
			p.note("%s: answered %s", line, a)
		}
		p.wants("the old cookie after "+line, p.ask(ctx, "GET /me", cookie), http.StatusUnauthorized)
		if line != "POST /logout/everywhere" {
			p.wants("another session after "+line, p.ask(ctx, "GET /me", other), http.StatusOK)
		}
	}
	delete(p.sessions, "customer") // which has ended everywhere
	p.wants("another session after the end of all", p.ask(ctx, "GET /me", other), http.StatusUnauthorized)
	return nil
}

func tryInterleaved(ctx context.Context, p *probe) error {
	people := map[string]*browser.Browser{}
	ids := map[string]string{}
	for _, name := range []string{"admin", "customer"} {
		b, err := p.enter(ctx, name)
		if err != nil {
			return err
		}
		people[name], ids[name] = b, p.whoIs(ctx, b)
	}
	if ids["admin"] == ids["customer"] {
		p.note("both are the same user")
	}
	each(make([]int, 200), func(int) {
		for name, b := range people {
			if got := p.whoIs(ctx, b); got != ids[name] {
				p.note("%s is answered as %q", name, got)
			}
		}
	})
	return nil
}

// whoIs is the user id that a browser gets of itself.
func (p *probe) whoIs(ctx context.Context, b *browser.Browser) string {
	page, err := b.Get(ctx, p.base()+"/me")
	var me struct {
		ID string `json:"id"`
	}
	if err != nil || json.Unmarshal(page.Body, &me) != nil {
		return fmt.Sprint(page.Status)
	}
	return me.ID
}
