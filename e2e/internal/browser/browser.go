// Package browser does what a person does with a browser: it follows redirects, keeps cookies, and fills in the login form of whatever
// identity server it is sent to. It also walks the code flow as an application, up to the access token. It knows the gateway and the
// identity server by their pages alone.
//
//	b := browser.New()
//	err := b.SignIn(ctx, "http://localhost:3000", browser.Person{Email: "admin@example.com", Password: password})
//	cookies := b.Cookies("http://localhost:3000")
package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Person is somebody who can sign in.
type Person struct{ Email, Password string }

// Browser holds the cookies of one browser. Tabs may use it at the same time.
type Browser struct {
	client *http.Client
	jar    http.CookieJar
}

// maxPage is the largest page that is read.
const maxPage = 4 << 20

// New returns a browser without cookies.
func New() *Browser { return Over(nil) }

// Over returns a browser without cookies whose requests go over a transport; nil is the ordinary one.
func Over(transport http.RoundTripper) *Browser {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		panic(err) // it has no reason to
	}
	return withCookies(jar, transport)
}

// WithCookies returns a browser that has cookies already.
func WithCookies(jar http.CookieJar) *Browser { return withCookies(jar, nil) }

func withCookies(jar http.CookieJar, transport http.RoundTripper) *Browser {
	return &Browser{jar: jar, client: &http.Client{
		Transport: transport, Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is an answer, read to its end.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   []byte
}

// next is where the page redirects to, or nil.
func (p Page) next() (*url.URL, error) {
	if p.Status < 300 || 400 <= p.Status || p.Header.Get("Location") == "" {
		return nil, nil
	}
	return p.URL.Parse(p.Header.Get("Location"))
}

// Get asks for one page and follows nothing.
func (b *Browser) Get(ctx context.Context, target string) (Page, error) {
	return b.ask(ctx, http.MethodGet, target, nil)
}

func (b *Browser) ask(ctx context.Context, method, target string, form url.Values) (Page, error) {
	body := io.Reader(http.NoBody)
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return Page{}, err
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(req)
	if err != nil {
		return Page{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	return Page{req.URL, res.StatusCode, res.Header, text}, err
}

// visit asks for a page and follows redirects, but not the one that stop says true to; nil stops nowhere.
func (b *Browser) visit(ctx context.Context, target string, stop func(*url.URL) bool) (Page, error) {
	page, err := b.Get(ctx, target)
	if err != nil {
		return Page{}, err
	}
	return b.follow(ctx, page, stop)
}

const maxRedirects = 15

func (b *Browser) follow(ctx context.Context, page Page, stop func(*url.URL) bool) (Page, error) {
	for range maxRedirects {
		to, err := page.next()
		if err != nil || to == nil || stop != nil && stop(to) {
			return page, err
		}
		if page, err = b.Get(ctx, to.String()); err != nil {
			return Page{}, err
		}
	}
	return Page{}, errors.New("the redirects have no end")
}

// SignIn signs the person in at the gateway, by its /login and the form that it leads to.
func (b *Browser) SignIn(ctx context.Context, gateway string, who Person) error {
	page, err := b.Begin(ctx, gateway)
	if err != nil {
		return err
	}
	return b.Finish(ctx, page, gateway, who)
}

// Begin goes from the gateway's /login to the form.
func (b *Browser) Begin(ctx context.Context, gateway string) (Page, error) {
	page, err := b.visit(ctx, gateway+"/login", nil)
	if err != nil {
		return Page{}, fmt.Errorf("sign in: %w", err)
	}
	return page, nil
}

// Finish fills in the form that Begin has found and goes on to the gateway.
func (b *Browser) Finish(ctx context.Context, page Page, gateway string, who Person) error {
	page, err := b.submit(ctx, page, who, nil)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if !strings.HasPrefix(page.URL.String(), gateway+"/") || page.Status != http.StatusOK {
		return fmt.Errorf("sign in: it ended with %d at %s", page.Status, page.URL.Redacted())
	}
	return nil
}

// Approach signs the person in from an address on and stops before the redirect to another one, which it gives.
func (b *Browser) Approach(ctx context.Context, from, before string, who Person) (string, error) {
	arrives := func(to *url.URL) bool { return strings.HasPrefix(to.String(), before+"?") }
	page, err := b.visit(ctx, from, arrives)
	if err == nil {
		page, err = b.submit(ctx, page, who, arrives)
	}
	if err != nil {
		return "", err
	}
	to, err := page.next()
	if err != nil || to == nil {
		return "", fmt.Errorf("it ended with %d at %s", page.Status, page.URL.Path)
	}
	return to.String(), nil
}

// submit fills in the login form on the page, sends it, and follows the way on.
func (b *Browser) submit(ctx context.Context, page Page, who Person, stop func(*url.URL) bool) (Page, error) {
	form, err := loginForm(page)
	if err != nil {
		return Page{}, err
	}
	sent, err := b.ask(ctx, http.MethodPost, form.action.String(), form.fill(who))
	if err != nil {
		return Page{}, err
	}
	if page, err = b.follow(ctx, sent, stop); err != nil {
		return Page{}, err
	}
	if _, err := loginForm(page); err == nil {
		return Page{}, errors.New("the identity server asks again: e-mail or password are not accepted")
	}
	return page, nil
}

// Cookies is the Cookie header that this browser sends to an address.
func (b *Browser) Cookies(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	var pairs []string
	for _, c := range b.jar.Cookies(u) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
