package browser_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/browser"
)

var anna = browser.Person{Email: "anna@example.com", Password: "p & q=ü"}

// shop is a gateway and an identity server in one, whose login page is a test's.
type shop struct {
	*httptest.Server
	page    string     // the login page
	form    url.Values // what came of it
	submits atomic.Int32
	end     string // where a login leads; "" is the shop
	token   func(w http.ResponseWriter, r *http.Request)
}

const plainPage = `<form method="post" action="/authorize"><input name="loginId"><input type="password" name="password"></form>`

func newShop(t testing.TB, page string) *shop {
	t.Helper()
	s := &shop{page: page}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "attempt", Value: "1"})
		http.Redirect(w, r, "/authorize?client_id=shop&state=s1", http.StatusFound)
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, s.page) })
	mux.HandleFunc("POST /authorize", s.submit)
	mux.HandleFunc("GET /oauth-redirect", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of anna"})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token"})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { s.token(w, r) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) submit(w http.ResponseWriter, r *http.Request) {
	s.submits.Add(1)
	_ = r.ParseForm()
	s.form = r.PostForm
	if r.PostForm.Get("password") != anna.Password {
		_, _ = fmt.Fprint(w, s.page)
		return
	}
	to := s.end
	if to == "" {
		to = "/oauth-redirect?code=c1&state=" + url.QueryEscape(r.PostForm.Get("state"))
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func TestSignIn_fillsInTheFormAsAPersonWould(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, page string
		want       url.Values
	}{
		{"plain", plainPage, url.Values{"loginId": {anna.Email}, "password": {anna.Password}}},
		{
			"hidden fields, ticked boxes and defaults go along",
			`<form method=POST action=authorize><input type=hidden name=state value=s1><input type=HIDDEN name=csrf value="a&amp;b">
			<input type=email name=email value=old@example.com><input type=password name=pass>
			<input type=checkbox name=remember value=yes checked><input type=checkbox name=spam value=yes>
			<input type=hidden name=off value=1 disabled><input type=submit name=cancel value=Cancel><button name=go>Go</button></form>`,
			url.Values{"state": {"s1"}, "csrf": {"a&b"}, "email": {anna.Email}, "pass": {anna.Password}, "remember": {"yes"}},
		},
		{
			"another form comes first",
			`<form action="/search"><input name="q"></form><main>` + plainPage + `</main>`,
			url.Values{"loginId": {anna.Email}, "password": {anna.Password}},
		},
		{
			"the password stands first",
			`<form method="post" action="/authorize"><input type="password" name="password"><input type="text" name="user"></form>`,
			url.Values{"user": {anna.Email}, "password": {anna.Password}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, tt.page)
			s.end = "/oauth-redirect"
			_ = browser.New().SignIn(t.Context(), s.URL, anna)
			if diff := cmp.Diff(tt.want, s.form); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSignIn_endsAtTheGatewayWithItsCookies(t *testing.T) {
	t.Parallel()
	s := newShop(t, plainPage)
	b := browser.New()
	if err := b.SignIn(t.Context(), s.URL, anna); err != nil {
		t.Fatal(err)
	}
	if got := b.Cookies(s.URL); !strings.Contains(got, "session=of anna") && !strings.Contains(got, `session="of anna"`) {
		t.Errorf("Cookies() = %q, want the session's", got)
	}
	if got := browser.New().Cookies(s.URL); got != "" {
		t.Errorf("another browser has the cookies %q", got)
	}
}

func TestSignIn_saysWhatStoodInTheWay(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	tests := []struct {
		name, page, end string
		who             browser.Person
		want            string
	}{
		{"wrong password", plainPage, "", browser.Person{Email: anna.Email, Password: "guess"}, "not accepted"},
		{"no form", "<p>Closed</p>", "", anna, "no login form"},
		{"no form, but a field", `<input type="password" name="password">`, "", anna, "no login form"},
		{"a form that puts the password into the address", `<form><input name="u"><input type="password" name="p"></form>`, "", anna, "POST"},
		{"it ends elsewhere", plainPage, elsewhere.URL + "/lost", anna, "it ended with 404"},
		{"redirects without end", plainPage, "/round", anna, "no end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, tt.page)
			s.end = tt.end
			err := browser.New().SignIn(t.Context(), s.URL, tt.who)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("SignIn() = %v, want an error with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), tt.who.Password) {
				t.Errorf("the error shows the password: %v", err)
			}
			if n := s.submits.Load(); n > 1 {
				t.Errorf("the password was sent %d times", n)
			}
		})
	}
}

func TestAccessToken_provesWhatItBegan(t *testing.T) {
	t.Parallel()
	s := newShop(t, "")
	app := browser.App{Identity: s.URL, ClientID: "shop", Secret: "s&cret", RedirectURL: s.URL + "/oauth-redirect"}
	var asked url.Values
	s.Config.Handler = keepQuery(s.Config.Handler, "/authorize", func(q url.Values) {
		asked = q
		s.page = strings.Replace(plainPage, "<input ", fmt.Sprintf(`<input type="hidden" name="state" value="%s"><input `, q.Get("state")), 1)
	})
	s.token = func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
			t.Error("the verifier does not belong to the challenge")
		}
		id, secret, _ := r.BasicAuth()
		got := []string{id, secret, r.PostForm.Get("code"), r.PostForm.Get("redirect_uri"), r.PostForm.Get("grant_type")}
		if diff := cmp.Diff([]string{"shop", url.QueryEscape(app.Secret), "c1", app.RedirectURL, "authorization_code"}, got); diff != "" {
			t.Errorf("token request (-want +got):\n%s", diff)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"access_token":"the token","token_type":"Bearer"}`)
	}
	got, err := browser.New().AccessToken(t.Context(), app, anna)
	if err != nil || got != "the token" {
		t.Errorf("AccessToken() = %q, %v", got, err)
	}
	if asked.Get("code_challenge_method") != "S256" || asked.Get("nonce") == "" || asked.Get("response_type") != "code" {
		t.Errorf("the authorization request is %v", asked)
	}
}

func TestAccessToken_takesNoCodeOfAnotherState(t *testing.T) {
	t.Parallel()
	s := newShop(t, strings.Replace(plainPage, "<input ", `<input type="hidden" name="state" value="of somebody"><input `, 1))
	s.token = func(http.ResponseWriter, *http.Request) { t.Error("the code was exchanged") }
	app := browser.App{Identity: s.URL, ClientID: "shop", RedirectURL: s.URL + "/oauth-redirect"}
	if _, err := browser.New().AccessToken(t.Context(), app, anna); err == nil {
		t.Error("AccessToken() gave no error")
	}
}

func TestAccessToken_aRefusalShowsNoSecret(t *testing.T) {
	t.Parallel()
	s := newShop(t, "")
	s.Config.Handler = keepQuery(s.Config.Handler, "/authorize", func(q url.Values) {
		s.page = strings.Replace(plainPage, "<input ", fmt.Sprintf(`<input type="hidden" name="state" value="%s"><input `, q.Get("state")), 1)
	})
	s.token = func(w http.ResponseWriter, r *http.Request) {
		body := r.FormValue("code") + r.Header.Get("Authorization")
		http.Error(w, body, http.StatusUnauthorized)
	}
	app := browser.App{Identity: s.URL, ClientID: "shop", Secret: "hush", RedirectURL: s.URL + "/oauth-redirect"}
	_, err := browser.New().AccessToken(t.Context(), app, anna)
	if err == nil || strings.Contains(err.Error(), "Basic") || strings.Contains(err.Error(), "c1") {
		t.Errorf("AccessToken() = %v, want an error without what was sent", err)
	}
}

// keepQuery looks at the query of GET requests for a path before they are served.
func keepQuery(next http.Handler, path string, keep func(url.Values)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path && r.Method == http.MethodGet {
			keep(r.URL.Query())
		}
		next.ServeHTTP(w, r)
	})
}
