package idp_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/fusionauth/internal/idp"
	"storefront/fusionauth/internal/keyring"
)

// TestSetActive: a locked user gets in by no way, and gets nothing for what was granted before; and after it signs in anew.
func TestSetActive(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	browser := newBrowser()
	code := s.signIn(t, browser, admin, nil).Get("code")
	k := s.login(t, admin, nil)
	if err := s.idp.SetActive(adminID, false); err != nil {
		t.Fatal(err)
	}
	oauthFault(t, s.exchange(t, code, nil), 400, "invalid_grant", "auth_code_not_found")
	oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	silent := redirected(t, s.get(t, browser, authorizePath(params{"prompt": "none"})))
	if silent.Get("error") != "login_required" {
		t.Errorf("silent sign-in = %v, want login_required", silent)
	}
	page := s.get(t, browser, authorizePath(nil))
	got := s.submit(t, browser, page.text, admin, password(admin))
	if got.status != http.StatusOK || !strings.Contains(got.text, "Your account has been locked.") {
		t.Errorf("login = %d %q, want the form that says so", got.status, got.location)
	}
	if got := s.submit(t, browser, page.text, admin, "wrong"); strings.Contains(got.text, "locked") {
		t.Error("the lock is told to who does not know the password")
	}
	if got := s.call(t, http.MethodPost, "/api/login", apiKey, loginBody(admin, password(admin), clientID)); got.status != http.StatusLocked {
		t.Errorf("Login API = %d, want 423", got.status)
	}
	if got := s.refresh(t, s.login(t, customer, nil).RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("another user = %d", got.status)
	}
	if err := s.idp.SetActive(adminID, true); err != nil {
		t.Fatal(err)
	}
	oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	if got := s.get(t, browser, authorizePath(nil)); got.status != http.StatusOK {
		t.Errorf("the browser after the lock = %d, want the form", got.status)
	}
	if got := s.refresh(t, s.login(t, admin, nil).RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("a login after the lock = %d %s", got.status, got.text)
	}
}

func TestRevoke_everythingOfAUser(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	browser := newBrowser()
	code := s.signIn(t, browser, admin, nil).Get("code")
	k, other := s.login(t, admin, nil), s.login(t, customer, nil)
	got, err := s.idp.Revoke(adminID)
	if want := (idp.Revoked{RefreshTokens: 1, Sessions: 2}); err != nil || got != want {
		t.Errorf("Revoke = %+v, %v; want %+v", got, err, want)
	}
	oauthFault(t, s.exchange(t, code, nil), 400, "invalid_grant", "auth_code_not_found")
	oauthFault(t, s.refresh(t, k.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	if silent := redirected(t, s.get(t, browser, authorizePath(params{"prompt": "none"}))); silent.Get("error") != "login_required" {
		t.Errorf("silent sign-in = %v, want login_required", silent)
	}
	if got := s.refresh(t, other.RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("another user = %d", got.status)
	}
	if _, err := s.idp.Revoke("x"); !errors.Is(err, idp.ErrNoUser) {
		t.Errorf("Revoke of nobody = %v", err)
	}
	if err := s.idp.SetActive("x", true); !errors.Is(err, idp.ErrNoUser) {
		t.Errorf("SetActive of nobody = %v", err)
	}
}

// TestKeys_rotate: tokens of the old key stay good at every endpoint that reads them, until the key is removed.
func TestKeys_rotate(t *testing.T) {
	t.Parallel()
	s := start(t, variant{env: map[string]string{"ACCESS_TOKEN_KEY_ID": ecKeyID}})
	old := s.login(t, admin, nil)
	oldKID := part(t, old.AccessToken, 0)["kid"].(string)
	if err := s.idp.Keys().Rotate(ecKeyID, keyring.Successor{}); err != nil {
		t.Fatal(err)
	}
	fresh := s.login(t, admin, nil)
	if kid := part(t, fresh.AccessToken, 0)["kid"]; kid == oldKID {
		t.Errorf("kid after the rotation = %v, want another", kid)
	}
	accepted := func(token string) bool { return s.userinfo(t, http.MethodGet, "Bearer "+token).status == http.StatusOK }
	if !accepted(old.AccessToken) || !accepted(fresh.AccessToken) {
		t.Error("a token of the old or of the new key is refused after the rotation")
	}
	if err := s.idp.Keys().Remove(ecKeyID, oldKID); err != nil {
		t.Fatal(err)
	}
	if accepted(old.AccessToken) || !accepted(fresh.AccessToken) {
		t.Error("after the removal the old token passes, or the new one does not")
	}
}

func TestSetSkew(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	s.idp.SetSkew(time.Hour)
	ahead := part(t, s.login(t, admin, nil).AccessToken, 1)["iat"].(float64)
	s.idp.SetSkew(-time.Hour)
	behind := part(t, s.login(t, admin, nil).AccessToken, 1)["iat"].(float64)
	s.idp.SetSkew(0)
	right := part(t, s.login(t, admin, nil).AccessToken, 1)["iat"].(float64)
	if ahead-right < 3000 || right-behind < 3000 {
		t.Errorf("iat = %v ahead, %v right, %v behind; want an hour between", ahead, right, behind)
	}
}

func TestBreak(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	fault := func(path string, f idp.Fault) {
		t.Helper()
		if err := s.idp.Break(path, f); err != nil {
			t.Fatalf("Break = %v", err)
		}
	}
	const keys = "/.well-known/jwks.json"
	fault(keys, idp.Fault{Status: http.StatusServiceUnavailable, Times: 2})
	for i, want := range []int{http.StatusServiceUnavailable, http.StatusServiceUnavailable, http.StatusOK} {
		if got := s.get(t, newBrowser(), keys); got.status != want {
			t.Errorf("request %d = %d, want %d", i+1, got.status, want)
		}
	}
	fault(keys, idp.Fault{Garbage: true})
	if got := s.get(t, newBrowser(), keys); got.status != http.StatusOK || got.text != `{"keys":[` {
		t.Errorf("garbage = %d %q", got.status, got.text)
	}
	if got := s.get(t, newBrowser(), "/api/status"); got.status != http.StatusOK {
		t.Errorf("another route = %d", got.status)
	}
	fault(keys, idp.Fault{})
	if got := s.get(t, newBrowser(), keys); !strings.Contains(got.text, "RS256") {
		t.Errorf("mended = %d %q", got.status, got.text)
	}
	// The route stands for all of its paths and methods.
	fault("/api/jwt/refresh/{id}", idp.Fault{Status: http.StatusTeapot})
	if got := s.call(t, http.MethodDelete, "/api/jwt/refresh/x", "", ""); got.status != http.StatusTeapot {
		t.Errorf("route with an id = %d", got.status)
	}
}

// TestBreak_delay: an endpoint that hangs lets go of a client that gives up, and holds up no other.
func TestBreak_delay(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	if err := s.idp.Break("/oauth2/token", idp.Fault{Delay: time.Minute, Times: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		r := newRequest(t, http.MethodPost, s.url+"/oauth2/token", "").WithContext(ctx)
		_, err := newBrowser().Do(r)
		done <- err
	}()
	for len(s.idp.State().Faults) > 0 { // until the request is there, which takes the fault
		select {
		case err := <-done:
			t.Fatalf("the request ended before it was served: %v", err)
		default:
			runtime.Gosched()
		}
	}
	if got := s.exchange(t, "x", nil); got.status != http.StatusBadRequest {
		t.Errorf("the next request = %d, want it served meanwhile", got.status)
	}
	giveUp()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended with %v, want it to hang until the client gives up", err)
	}
}

func TestBreak_refusals(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	if err := s.idp.Break("/nowhere", idp.Fault{Status: 500}); !errors.Is(err, idp.ErrNoRoute) {
		t.Errorf("Break of no route = %v", err)
	}
	for name, f := range map[string]idp.Fault{
		"long delay": {Delay: time.Hour}, "negative delay": {Delay: -1}, "status that is none": {Status: 99}, "status above": {Status: 600},
		"negative times": {Status: 500, Times: -1},
	} {
		if err := s.idp.Break("/oauth2/token", f); !errors.Is(err, idp.ErrFault) {
			t.Errorf("Break with a %s = %v", name, err)
		}
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	k := s.login(t, customer, nil)
	if err := s.idp.Break("/oauth2/token", idp.Fault{Status: 500}); err != nil {
		t.Fatal(err)
	}
	state := s.idp.State()
	if len(state.Users) != 4 || state.Users[1].Email != customer || !state.Users[1].Active {
		t.Errorf("users = %+v", state.Users)
	}
	want := []idp.RegistrationState{{
		ApplicationID: clientID, Application: "Gateway", Roles: []string{"customer"},
		Known: []string{"admin", "branch-manager", "customer", "anonymous"},
	}}
	if diff := cmp.Diff(want, state.Users[1].Registrations); diff != "" {
		t.Errorf("registrations (-want +got):\n%s", diff)
	}
	if len(state.Sessions) != 1 || state.Sessions[0].Login.UserID != customerID {
		t.Errorf("sessions = %+v", state.Sessions)
	}
	if len(state.RefreshTokens) != 1 || state.RefreshTokens[0].ID != k.RefreshTokenID {
		t.Errorf("refresh tokens = %+v", state.RefreshTokens)
	}
	if len(state.Keys) != 6 || state.Faults["/oauth2/token"].Status != 500 || !slices.Contains(state.Routes, "/oauth2/authorize") {
		t.Errorf("%d keys, faults %v, routes %v", len(state.Keys), state.Faults, state.Routes)
	}
}
