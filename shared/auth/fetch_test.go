package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

func parseURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The document names the host as browsers know it; the set is fetched from where services reach it.
func TestDiscovered(t *testing.T) {
	t.Parallel()
	p := authtest.Publish(t, authtest.NewKey(t, "RS256", "k").Key)
	keys := auth.RemoteKeys(auth.Discovered(parseURL(t, p.Host), authtest.UserIssuer), auth.RemoteConfig{})
	if got, err := keys.Keys(t.Context(), "k"); err != nil || len(got) != 1 {
		t.Errorf("Keys = %v, %v", got, err)
	}
}

func TestDiscovered_refuses(t *testing.T) {
	t.Parallel()
	evil := authtest.Publish(t, authtest.NewKey(t, "RS256", "k").Key)
	own := authtest.JWKS(t, authtest.NewKey(t, "RS256", "k").Key)
	for name, document := range map[string]string{
		"another issuer":          `{"issuer":"https://evil.example","jwks_uri":"%s"}`,
		"no issuer":               `{"jwks_uri":"%s"}`,
		"the issuer as ISSUER":    `{"ISSUER":"` + authtest.UserIssuer + `","jwks_uri":"%s"}`,
		"the issuer twice":        `{"issuer":"` + authtest.UserIssuer + `","issuer":"x","jwks_uri":"%s"}`,
		"no jwks_uri":             `{"issuer":"` + authtest.UserIssuer + `"}`,
		"a relative jwks_uri":     `{"issuer":"` + authtest.UserIssuer + `","jwks_uri":"/.well-known/jwks.json"}`,
		"a jwks_uri without host": `{"issuer":"` + authtest.UserIssuer + `","jwks_uri":"file:///etc/passwd"}`,
		"a jwks_uri that is none": `{"issuer":"` + authtest.UserIssuer + `","jwks_uri":"http://[::1"}`,
		"no JSON":                 "<html>",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text := own
			if r.URL.Path == "/.well-known/openid-configuration" {
				text = strings.ReplaceAll(document, "%s", evil.URL)
			}
			_, _ = fmt.Fprint(w, text)
		}))
		t.Cleanup(server.Close)
		keys := auth.RemoteKeys(auth.Discovered(parseURL(t, server.URL), authtest.UserIssuer), auth.RemoteConfig{})
		if got, err := keys.Keys(t.Context(), "k"); !errors.Is(err, auth.ErrUnavailable) || len(got) > 0 {
			t.Errorf("%s: Keys = %v, %v, want %v", name, got, err, auth.ErrUnavailable)
		}
	}
	if evil.Hits() != 0 {
		t.Errorf("a document sent us to another host %d times", evil.Hits())
	}
}

// The address is found once, and looked for again when nothing usable is there any more.
func TestDiscovered_again(t *testing.T) {
	t.Parallel()
	set := authtest.JWKS(t, authtest.NewKey(t, "RS256", "k").Key)
	var path atomic.Value
	path.Store("/old")
	var documents atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			documents.Add(1)
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"http://id.example%s"}`, authtest.UserIssuer, path.Load())
		case path.Load():
			_, _ = fmt.Fprint(w, set)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	var c clock
	keys := auth.RemoteKeys(auth.Discovered(parseURL(t, server.URL), authtest.UserIssuer), auth.RemoteConfig{Now: c.Now})
	unknown := func() error {
		c.advance(auth.UnknownPause)
		_, err := keys.Keys(t.Context(), "unknown")
		return err
	}
	if err := errors.Join(unknown(), unknown()); err != nil || documents.Load() != 1 {
		t.Errorf("two fetches: %v, %d discoveries, want 1", err, documents.Load())
	}
	path.Store("/new")
	if err := unknown(); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("the set has moved: %v, want %v", err, auth.ErrUnavailable)
	}
	if err := unknown(); err != nil || documents.Load() != 2 {
		t.Errorf("after the move: %v, %d discoveries, want 2", err, documents.Load())
	}
}
