package matrix

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"storefront/e2e/internal/browser"
)

// actors are the people and attackers of a run. Each signs in when first needed.
type actors struct {
	target   Target
	sessions map[string]string // the Cookie header, by person
	tokens   map[string]string // the access token, by person
	failed   map[string]error  // who could not sign in: once is enough
}

func newActors(target Target) *actors {
	return &actors{target: target, sessions: map[string]string{}, tokens: map[string]string{}, failed: map[string]error{}}
}

// ask sends the row's request as the caller.
func (r *runner) ask(ctx context.Context, row Row, caller Caller) (received, error) {
	base := r.target.URLs[row.Service]
	if base == "" {
		return received{}, untried(strings.ToUpper(row.Service) + "_URL is not set")
	}
	if r.target.SafeOnly && !safe(row.Method) {
		return received{}, untried(row.Method + " may change something there; UNSAFE=yes allows it")
	}
	req, err := http.NewRequestWithContext(ctx, row.Method, base+row.Target, http.NoBody)
	if err != nil {
		return received{}, err
	}
	if err := r.actors.dress(ctx, req, row, caller); err != nil {
		return received{}, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return received{}, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return received{}, fmt.Errorf("answer breaks off: %w", err)
	}
	if endsSession(res) {
		delete(r.actors.sessions, caller.Session)
	}
	return received{method: row.Method, status: res.StatusCode, header: res.Header, body: body}, nil
}

// blanks are the values that patterns of a row may use.
func (r *runner) blanks(row Row) map[string]string {
	return map[string]string{"gateway": r.target.URLs["gateway"], "identity": r.target.Identity, "return": url.QueryEscape(row.Target)}
}

// endsSession reports whether an answer takes the session cookie back; who sent it signs in anew for the next cell.
func endsSession(res *http.Response) bool {
	for _, c := range res.Cookies() {
		if strings.HasSuffix(c.Name, "fa.gw.sid") && c.MaxAge < 0 {
			return true
		}
	}
	return false
}

// dress gives the request what the caller sends.
func (a *actors) dress(ctx context.Context, req *http.Request, row Row, caller Caller) error {
	for name, value := range caller.Headers {
		req.Header.Set(name, value)
	}
	if caller.Session != "" {
		cookies, err := a.session(ctx, caller.Session)
		if err != nil {
			return err
		}
		req.Header.Set("Cookie", cookies)
	}
	token, err := a.bearer(ctx, row, caller)
	if err != nil || token == "" {
		return err
	}
	scheme := "Bearer"
	if caller.Scheme != "" {
		scheme = caller.Scheme
	}
	req.Header.Set("Authorization", scheme+" "+token)
	return nil
}

func (a *actors) bearer(ctx context.Context, row Row, caller Caller) (string, error) {
	switch {
	case caller.Bearer != "":
		return a.token(ctx, caller.Bearer)
	case caller.Forged != nil && caller.Forged.Gateway:
		return a.forgeGateway(row, *caller.Forged)
	case caller.Forged != nil:
		return a.forgeUser(ctx, *caller.Forged)
	default:
		return "", nil
	}
}

// session gives the cookies of a browser in which the person has signed in.
func (a *actors) session(ctx context.Context, name string) (string, error) {
	return once(a, a.sessions, "session of "+name, name, func(who browser.Person) (string, error) {
		b, gateway := browser.Over(a.target.Transport), a.target.URLs["gateway"]
		err := b.SignIn(ctx, gateway, who)
		return b.Cookies(gateway), err
	})
}

// token gives the person's access token.
func (a *actors) token(ctx context.Context, name string) (string, error) {
	if a.target.ClientSecret == "" {
		return "", untried("FUSIONAUTH_CLIENT_SECRET is not set")
	}
	return once(a, a.tokens, "token of "+name, name, func(who browser.Person) (string, error) {
		app := browser.App{
			Identity: a.target.Identity, ClientID: a.target.ClientID, Secret: a.target.ClientSecret,
			RedirectURL: a.target.URLs["gateway"] + "/oauth-redirect",
		}
		return browser.Over(a.target.Transport).AccessToken(ctx, app, who)
	})
}

func once(a *actors, known map[string]string, what, name string, get func(browser.Person) (string, error)) (string, error) {
	if value, ok := known[name]; ok {
		return value, nil
	}
	if err, ok := a.failed[what]; ok {
		return "", err
	}
	who := a.target.People[name]
	if who.Email == "" || who.Password == "" {
		return "", untried(fmt.Sprintf("%s_EMAIL or %[1]s_PASSWORD is not set", strings.ToUpper(name)))
	}
	value, err := get(who)
	if err != nil {
		a.failed[what] = err
		return "", err
	}
	known[name] = value
	return value, nil
}
