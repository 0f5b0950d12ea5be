package storefront_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// everyPage gives each page that the package has, in each of its states that look different.
func everyPage(t testing.TB) map[string]page {
	t.Helper()
	s := newShop(t)
	away := newShop(t)
	for question := range away.answers {
		away.say(question, errSilent)
	}
	empty := newShop(t)
	empty.say("public GET /products", j{"products": []any{}})
	empty.say("inventory GET /branches", j{"branches": []any{}})
	empty.say("inventory GET /products/1/stock", j{"product_id": 1, "branches": []any{}})
	empty.say("inventory GET /branches/1/products", j{"branch": branch, "products": []any{}})
	empty.say("inventory GET /branches/1/movements", j{"movements": []any{}})
	clash := newShop(t)
	clash.say("catalog PUT /products/1", refuse(http.StatusPreconditionFailed, "product-changed"))
	good := url.Values{"kind": {"receive"}, "product_id": {"1"}, "quantity": {"5"}, "key": {"0123456789"}}
	return map[string]page{
		"home":                  s.get(t, "", "/"),
		"home, signed in":       s.get(t, "admin", "/?q=cup&category=kitchen&cursor=c1"),
		"home, nothing":         empty.get(t, "", "/?q=x&category=kitchen"),
		"home, away":            away.get(t, "", "/"),
		"product":               s.get(t, "", "/shop/1"),
		"product, admin":        s.get(t, "admin", "/shop/1?saved=3"),
		"product, stock away":   away.get(t, "admin", "/shop/1"),
		"product, no branch":    empty.get(t, "branch-manager", "/shop/1"),
		"account":               s.get(t, "customer", "/account"),
		"account, no roles":     s.get(t, "nothing", "/account"),
		"signed in":             s.get(t, "customer", "/signed-in"),
		"branches":              s.get(t, "admin", "/stock"),
		"branches, none":        empty.get(t, "branch-manager", "/stock"),
		"branch":                s.get(t, "branch-manager", "/stock/1?recorded=31"),
		"branch, later page":    s.get(t, "admin", "/stock/1?cursor=31"),
		"branch, empty":         empty.get(t, "admin", "/stock/1"),
		"move":                  s.get(t, "admin", "/stock/1/move?product=1"),
		"move, faults":          s.post(t, "admin", "/stock/1/move", nil),
		"confirm":               s.post(t, "admin", "/stock/1/move", good),
		"off sale":              s.get(t, "admin", "/edit"),
		"off sale, nothing":     empty.get(t, "admin", "/edit?cursor=c8"),
		"off sale, away":        away.get(t, "admin", "/edit"),
		"new product":           s.get(t, "admin", "/edit/new"),
		"edit":                  s.get(t, "admin", "/edit/1"),
		"edit, faults":          s.post(t, "admin", "/edit/1", nil),
		"edit, somebody faster": clash.post(t, "admin", "/edit/1", url.Values{"price": {"1"}, "currency": {"EUR"}}),
		"session over":          s.post(t, "", "/stock/1/move", good),
		"store away":            s.post(t, "admin", "/stock/1/move", good, "Store", "away"),
		"400":                   s.get(t, "", "/shop/x"),
		"401":                   s.get(t, "", "/refused"),
		"403":                   s.get(t, "customer", "/stock/1"),
		"403, branch":           s.get(t, "branch-manager", "/branches/5/products"),
		"sign-in refused":       s.get(t, "", "/oauth-redirect?status=400&slug=login-refused"),
		"sign-in untrusted":     s.get(t, "", "/oauth-redirect?status=502&slug=login-untrusted"),
		"sign-in away":          s.get(t, "", "/oauth-redirect?status=503&slug=identity-unavailable"),
		"404":                   s.get(t, "", "/nothing"),
		"503":                   away.get(t, "", "/away"),
		"414":                   s.get(t, "unknown", "/?q="+strings.Repeat("x", 3000)),
		"of another package":    s.get(t, "admin", "/dressed"),
		"branch, low":           s.get(t, "admin", "/stock/1?show=low"),
		"branch, nothing found": s.get(t, "admin", "/stock/1?find=zebra"),
		"sign out":              s.get(t, "customer", "/logout"),
		"loop, cookies":         s.get(t, "", "/loop?cause=login-loop-cookies"),
		"loop, session":         s.get(t, "", "/loop?cause=login-loop-session"),
		"loop, refused":         s.get(t, "", "/loop?cause=login-loop-refused"),
	}
}

func TestEveryPage(t *testing.T) {
	t.Parallel()
	for name, p := range everyPage(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkHeader(t, p)
			checkLandmarks(t, p)
			checkFields(t, p)
			checkNames(t, p)
			checkInert(t, p)
		})
	}
}

func checkHeader(t *testing.T, p page) {
	t.Helper()
	want := map[string]string{
		"Content-Type":  "text/html; charset=utf-8",
		"Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
			"form-action 'self' https://id.example",
		"Referrer-Policy":            "same-origin",
		"X-Content-Type-Options":     "nosniff",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Permissions-Policy":         "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
	}
	for name, value := range want {
		if got := p.Header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

func checkLandmarks(t *testing.T, p page) {
	t.Helper()
	for _, name := range []string{"title", "header", "main", "footer", "h1"} {
		if n := len(p.all(name)); n != 1 {
			t.Errorf("%d elements %s, want one", n, name)
		}
	}
	if attr(p.all("html")[0], "lang") != "en" || !strings.HasSuffix(text(p.all("title")[0]), "Storefront") {
		t.Errorf("language %q, title %q", attr(p.all("html")[0], "lang"), text(p.all("title")[0]))
	}
	first := p.all("a")[0]
	if target := p.byID(strings.TrimPrefix(attr(first, "href"), "#")); target == nil || target.Data != "main" {
		t.Errorf("the first link leads to %q, want the content", attr(first, "href"))
	}
	labels := map[string]bool{}
	for _, nav := range p.all("nav") {
		if label := attr(nav, "aria-label"); label == "" || labels[label] {
			t.Errorf("a navigation is called %q, which must be there and its own", label)
		} else {
			labels[label] = true
		}
	}
	level := 1
	for _, h := range p.all("h1", "h2", "h3") {
		if next := int(h.Data[1] - '0'); next > level+1 {
			t.Errorf("%q is %s below h%d", text(h), h.Data, level)
		} else {
			level = next
		}
	}
}

// Every field has a label that is seen, and every text that it points to is there.
func checkFields(t *testing.T, p page) {
	t.Helper()
	labelled := map[string]bool{}
	for _, label := range p.all("label") {
		labelled[attr(label, "for")] = text(label) != ""
		for n := range label.Descendants() {
			if n.Type == html.ElementNode && n.Data == "input" {
				labelled[attr(n, "id")] = text(label) != ""
			}
		}
	}
	for _, field := range p.all("input", "select", "textarea") {
		if attr(field, "type") != "hidden" && !labelled[attr(field, "id")] {
			t.Errorf("field %q has no label", attr(field, "name"))
		}
		if _, invalid := lookup(field, "aria-invalid"); invalid && !strings.Contains(attr(field, "aria-describedby"), "-fault") {
			t.Errorf("field %q does not say what is wrong with it", attr(field, "name"))
		}
	}
	for _, fieldset := range p.all("fieldset") {
		if n := fieldset.FirstChild.NextSibling; n == nil || n.Data != "legend" {
			t.Error("a group of fields has no legend")
		}
	}
	for _, n := range p.all() {
		for _, ids := range []string{attr(n, "aria-describedby"), attr(n, "aria-labelledby"), attr(n, "for")} {
			for id := range strings.FieldsSeq(ids) {
				if p.byID(id) == nil {
					t.Errorf("%s points to %q, which is not there", n.Data, id)
				}
			}
		}
		if href := attr(n, "href"); strings.HasPrefix(href, "#") && p.byID(href[1:]) == nil {
			t.Errorf("a link leads to %q, which is not there", href)
		}
	}
}

// What can be pressed says what it does, pictures have a text, and ids are one of a kind.
func checkNames(t *testing.T, p page) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range p.all() {
		id := attr(n, "id")
		if id != "" && ids[id] {
			t.Errorf("id %q stands there twice", id)
		}
		ids[id] = true
		_, hasAlt := lookup(n, "alt")
		switch {
		case (n.Data == "a" || n.Data == "button") && text(n) == "":
			t.Errorf("a %s has no name: %v", n.Data, n.Attr)
		case n.Data == "img" && !hasAlt:
			t.Errorf("picture %q has no alt", attr(n, "src"))
		case n.Data == "th" && attr(n, "scope") == "":
			t.Errorf("heading %q of a table has no scope", text(n))
		}
	}
}

// Nothing on a page can run, bring a style of its own, or load from elsewhere: the policy would stop it, and the page would be broken.
func checkInert(t *testing.T, p page) {
	t.Helper()
	for _, n := range p.all() {
		if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "base"}, n.Data) {
			t.Errorf("the page has an element %s", n.Data)
		}
		for _, a := range n.Attr {
			own := strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//") || strings.HasPrefix(a.Val, "#")
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			case slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) && !own:
				t.Errorf("%s leads to %q", n.Data, a.Val)
			}
		}
	}
}

// The order of what a keyboard reaches is that of the page.
func TestEveryPage_keyboard(t *testing.T) {
	t.Parallel()
	for name, p := range everyPage(t) {
		for _, n := range p.all() {
			if index := attr(n, "tabindex"); index != "" && index != "0" && index != "-1" {
				t.Errorf("%s: %s has tabindex %s", name, n.Data, index)
			}
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	pages := everyPage(t)
	for name, want := range map[string]struct {
		status int
		says   []string
		leads  string
	}{
		"400":           {400, []string{"not a positive integer", "bad-request, request"}, "/"},
		"401":           {401, []string{"Please sign in first", "you come back to this page", "unauthorized, request"}, "/login?return_to=%2Frefused"},
		"403":           {403, []string{"This page is for admins and the managers of branch 1", "You are customer; this needs admin or branch-manager of branch 1.", "role-missing, request"}, "/login?prompt=login"},
		"404":           {404, []string{"There is nothing at this address.", "not-found, request"}, "/"},
		"503":           {503, []string{"It cannot be reached.", "Try again", "service-unavailable, request"}, "/away"},
		"loop, cookies": {429, []string{"docs/troubleshooting.md#login-loop-cookies", "Allow cookies"}, "/login?insist=1"},
		"loop, session": {429, []string{"SESSION_STORE=redis"}, "/login?prompt=login"},
		"loop, refused": {429, []string{"your token is refused"}, "/login?insist=1"},
		"sign out":      {200, []string{"another site asks to sign you out"}, "/logout"},
	} {
		p := pages[name]
		if p.StatusCode != want.status || !p.leadsTo(want.leads) || !p.leadsTo("/") {
			t.Errorf("%s: %d, leads to %v, want %d and %s", name, p.StatusCode, p.links(), want.status, want.leads)
		}
		for _, says := range want.says {
			if !strings.Contains(p.text(), says) {
				t.Errorf("%s: %s\nwant %q", name, p.text(), says)
			}
		}
		if id := p.Header.Get("X-Request-Id"); want.status >= 400 && !strings.Contains(p.text(), id) {
			t.Errorf("%s does not say its request id", name)
		}
	}
	if s := newShop(t); s.get(t, "", "/nothing", "Accept", "application/json").Header.Get("Content-Type") != "application/problem+json" {
		t.Error("a program gets a page")
	}
}

// What comes from the catalog is text, whatever it looks like.
func TestEscaping(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&amp;`
	s := newShop(t)
	p := cup
	p.Name, p.Description, p.Category, p.SKU = evil, evil, evil, evil
	s.say("public GET /products", j{"products": []any{p}, "next": evil})
	s.say("public GET /products/1", p)
	s.say("catalog GET /products/1", p)
	s.say("inventory GET /branches/1/products", j{"branch": j{"id": 1, "name": evil, "city": evil}, "products": []any{j{"product_id": 1, "name": evil, "quantity": 7}}})
	s.say("inventory GET /branches/1/movements", j{"movements": []any{j{"id": 1, "kind": evil, "name": evil, "note": evil, "change": 1}}, "next": evil})
	q := url.QueryEscape(evil)
	pages := map[string]page{
		"home":    s.get(t, "admin", "/?q="+q+"&category="+q+"&sort="+q+"&cursor="+q),
		"product": s.get(t, "admin", "/shop/1"),
		"edit":    s.get(t, "admin", "/edit/1"),
		"branch":  s.get(t, "admin", "/stock/1"),
		"move":    s.get(t, "admin", "/stock/1/move?product="+q),
		"confirm": s.post(t, "admin", "/stock/1/move", url.Values{"kind": {"receive"}, "product_id": {"1"}, "quantity": {"1"}, "note": {evil}, "key": {evil}}),
		"faults":  s.post(t, "admin", "/edit/1", url.Values{"name": {evil}, "description": {evil}}),
		"kept":    s.post(t, "", "/edit/1", url.Values{"name": {evil}, "description": {evil}, evil: {evil}}),
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		checkInert(t, pages[name])
		if seen := pages[name].text() + pages[name].value("name") + pages[name].value("note"); !strings.Contains(seen, evil) {
			t.Errorf("%s does not show the text as it is: %s", name, seen)
		}
		for _, img := range pages[name].all("img") {
			if !strings.HasPrefix(attr(img, "src"), "/products/") {
				t.Errorf("%s: a picture of %q", name, attr(img, "src"))
			}
		}
	}
}
