package login_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// serve gives the shop's answer to a request whose query and cookies stand as they come from the network.
func (s *shop) serve(t testing.TB, path, query, cookies string) *httptest.ResponseRecorder {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.RawQuery, req.RequestURI = query, path
	req.Header["Cookie"] = []string{cookies}
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, req)
	return w
}

// Whatever comes to the callback, in the query and in the cookies, signs nobody in: it was not this browser's attempt. It is answered with
// a refusal or with another try, and never with a fault.
func FuzzCallback(f *testing.F) {
	s := newShop(f)
	b := s.browser(f)
	query := mustParse(f, b.approach("/products")).RawQuery
	var cookies []string
	for _, c := range b.Jar.Cookies(mustParse(f, s.URL)) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	attempt := strings.Join(cookies, "; ")
	f.Add(strings.Replace(query, "code=", "code=x", 1), attempt)
	f.Add(query, attempt[:len(attempt)-1])
	f.Add(query, attempt+"A")
	f.Add(query, "fa.gw.sid=x; "+strings.ToUpper(attempt))
	f.Add(query, "")
	f.Add("state=&code=x", "fa.gw.login.=AAAA")
	f.Add("error=access_denied&state=%", "=;;;=")
	f.Add("state=a.9999999999999999999&code=x&iss=x", "fa.gw.login.a.9999999999999999999=\x00")
	f.Add("state=x&state=y&code=&code=z", `fa.gw.login.x="AAAA"`)
	f.Fuzz(func(t *testing.T, q, c string) {
		if strings.Contains(c, attempt) && mayRedeem(query, q) {
			t.Skip("the attempt itself")
		}
		w := s.serve(t, "/oauth-redirect", q, c)
		for _, set := range w.Header().Values("Set-Cookie") {
			if strings.HasPrefix(set, "fa.gw.sid=") && !strings.HasPrefix(set, "fa.gw.sid=;") {
				t.Fatalf("%q with %q signs somebody in", q, c)
			}
		}
		switch w.Code {
		case http.StatusFound, http.StatusSeeOther:
			if at := w.Header().Get("Location"); !local(s.URL, at) {
				t.Errorf("%q with %q leads to %q", q, c, at)
			}
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusTooManyRequests:
		default:
			t.Errorf("%q with %q = %d %s", q, c, w.Code, w.Body)
		}
	})
}

// mayRedeem reports whether a query has the code and the state of another.
func mayRedeem(good, query string) bool {
	want, _ := url.ParseQuery(good)
	got, _ := url.ParseQuery(query)
	return want.Get("code") == got.Get("code") && want.Get("state") == got.Get("state")
}

// local reports whether a browser that is at base stays on that host when it goes there. Browsers pass over tabs and line ends, and take a
// backslash for a slash (WHATWG URL).
func local(base, location string) bool {
	seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.Trim(location, " \x00\x01\x1f"))
	from, err := url.Parse(base)
	if err != nil {
		return false
	}
	to, err := from.Parse(seen)
	return err == nil && to.Host == from.Host && to.Scheme == from.Scheme
}

// Whatever return_to says, the browser stays on this host after the login.
func FuzzReturnTo(f *testing.F) {
	for _, to := range []string{"/products?q=1", "//evil.example", `/\evil.example`, "/\t/evil.example", "https:evil.example", "javascript:alert(1)", "/%2f/evil.example", "\\\\evil", "/a\r\nX: y", "/.//evil.example", "", "?", "/\x00", "/é"} {
		f.Add(to)
	}
	f.Fuzz(func(t *testing.T, to string) {
		s := newShop(t) // its identity server belongs to one test
		b := s.browser(t)
		defer b.CloseIdleConnections()
		res := b.signIn(to)
		if res.StatusCode != http.StatusSeeOther || !local(s.URL, res.location()) || !strings.HasPrefix(res.location(), "/") {
			t.Errorf("return_to=%q = %d to %q", to, res.StatusCode, res.location())
		}
	})
}
