package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"

	"storefront/fusionauth/internal/keyring"
)

// delivery is one request that a webhook got.
type delivery struct {
	signature string
	body      []byte
}

// event gives what the body says.
func (d delivery) event(t testing.TB) map[string]any {
	t.Helper()
	var body struct{ Event map[string]any }
	if err := json.Unmarshal(d.body, &body); err != nil || body.Event == nil {
		t.Fatalf("body = %s, want an event", d.body)
	}
	return body.Event
}

// hook starts a webhook and a server that sends to it; edit may be nil.
func hook(t testing.TB, edit func(document)) (*site, chan delivery) {
	t.Helper()
	deliveries := make(chan delivery, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		deliveries <- delivery{r.Header.Get("X-FusionAuth-Signature-JWT"), body}
	}))
	t.Cleanup(receiver.Close)
	s := start(t, variant{env: map[string]string{"GATEWAY_WEBHOOK_URL": receiver.URL + "/webhook"}, edit: edit, deliver: true})
	return s, deliveries
}

// first waits for a delivery, and not for ever.
func first(t testing.TB, deliveries chan delivery) delivery {
	t.Helper()
	select {
	case d := <-deliveries:
		return d
	case <-time.After(20 * time.Second):
		t.Fatal("the webhook was not called")
		return delivery{}
	}
}

// told stops the server, which first delivers what waits, and gives all that the webhook got.
func (s *site) told(t testing.TB, deliveries chan delivery) []map[string]any {
	t.Helper()
	s.stop()
	var events []map[string]any
	for len(deliveries) > 0 {
		events = append(events, (<-deliveries).event(t))
	}
	return events
}

func (d document) webhook() document { return d.body("/api/webhook").in("webhook") }

const revoked, deactivated, deleted, updated, ended = "jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.registration.update", "user.registration.delete"

// TestWebhook: everything that ends tokens or changes what a user may do is told, with who and where it holds.
func TestWebhook(t *testing.T) {
	t.Parallel()
	const user, registration = "/api/user/" + customerID, "/api/user/registration/" + customerID
	del := func(path string) func(*testing.T, *site, tokens) {
		return func(t *testing.T, s *site, k tokens) {
			t.Helper()
			path := strings.NewReplacer("{token}", k.RefreshToken, "{id}", k.RefreshTokenID, "{app}", clientID).Replace(path)
			s.call(t, http.MethodDelete, path, apiKey, "")
		}
	}
	send := func(method, path, body string) func(*testing.T, *site, tokens) {
		return func(t *testing.T, s *site, k tokens) {
			t.Helper()
			s.call(t, method, path, apiKey, strings.ReplaceAll(body, "{token}", k.RefreshToken))
		}
	}
	act := func(do func(*site) error) func(*testing.T, *site, tokens) {
		return func(t *testing.T, s *site, _ tokens) {
			t.Helper()
			if err := do(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	one, all := []string{revoked + " token user app"}, []string{revoked + " user"}
	for _, tt := range []struct {
		name string
		do   func(*testing.T, *site, tokens)
		want []string // type, and which of the members refreshToken, userId, applicationId it has
	}{
		{"token by value", del("/api/jwt/refresh?token={token}"), one},
		{"token by id", del("/api/jwt/refresh/{id}"), one},
		{"tokens of the user", del("/api/jwt/refresh?userId=" + customerID), all},
		{"tokens of the application", del("/api/jwt/refresh?applicationId={app}"), []string{revoked + " app"}},
		{"tokens of the user in the application", del("/api/jwt/refresh?applicationId={app}&userId=" + customerID), []string{revoked + " user app"}},
		{"tokens of nobody", del("/api/jwt/refresh?userId=" + nobody), nil},
		{"unknown token", del("/api/jwt/refresh?token=x"), nil},
		{"logout", send("POST", "/api/logout", `{"refreshToken":"{token}"}`), one},
		{"logout everywhere", send("POST", "/api/logout", `{"refreshToken":"{token}","global":true}`), all},
		{"logout with an unknown token", send("POST", "/api/logout", `{"refreshToken":"x","global":true}`), nil},
		{"deactivation", del(user), []string{deactivated, revoked + " user"}},
		{"deletion", del(user + "?hardDelete=true"), []string{deleted, revoked + " user"}},
		{"roles", send("PUT", registration, roleBody(`["admin"]`)), []string{updated + " app"}},
		{"roles, by PATCH", send("PATCH", registration, roleBody(`["admin"]`)), []string{updated + " app"}},
		{"roles that are none", send("PUT", registration, roleBody(`["boss"]`)), nil},
		{"end of the registration", del(registration + "/{app}"), []string{ended + " app"}},
		{"admin's revocation", act(func(s *site) error { _, err := s.idp.Revoke(customerID); return err }), all},
		{"admin's lock", act(func(s *site) error { return s.idp.SetActive(customerID, false) }), []string{deactivated, revoked + " user"}},
		{"admin's unlock of one who is not locked", act(func(s *site) error { return s.idp.SetActive(customerID, true) }), nil},
		{"admin's change of roles", act(func(s *site) error { return s.idp.SetRoles(customerID, clientID, nil) }), []string{updated + " app"}},
		// it ends the browser's session and nothing else
		{"logout of the browser", func(t *testing.T, s *site, _ tokens) { s.get(t, newBrowser(), "/oauth2/logout?client_id="+clientID) }, nil},
		{"refresh", func(t *testing.T, s *site, k tokens) { s.refresh(t, k.RefreshToken, nil) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, deliveries := hook(t, nil)
			tt.do(t, s, s.login(t, customer, nil))
			var got []string
			for _, event := range s.told(t, deliveries) {
				got = append(got, summary(t, event))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// summary names an event's type and what it is about, after checking what every event has.
func summary(t *testing.T, event map[string]any) string {
	t.Helper()
	if id, _ := event["id"].(string); len(id) != 36 || event["tenantId"] != tenantID {
		t.Errorf("event %v has no id, or not the tenant's", event)
	}
	if at, _ := event["createInstant"].(float64); time.UnixMilli(int64(at)).Before(time.Now().Add(-time.Minute)) {
		t.Errorf("createInstant = %v, want milliseconds of now", event["createInstant"])
	}
	text := event["type"].(string)
	if token, ok := event["refreshToken"].(map[string]any); ok && token["userId"] == customerID {
		text += " token"
	}
	if event["userId"] == customerID {
		text += " user"
	}
	if event["applicationId"] == clientID {
		text += " app"
	}
	ttl, _ := event["applicationTimeToLiveInSeconds"].(map[string]any)
	if (ttl[clientID] == 600.0) != (event["type"] == revoked) {
		t.Errorf("%s: applicationTimeToLiveInSeconds = %v, want the gateway's 600 of a revocation", text, ttl)
	}
	if user, _ := event["user"].(map[string]any); user["id"] != customerID && text != revoked+" app" {
		t.Errorf("%s: user = %v, want the customer", text, user)
	}
	return text
}

// TestWebhook_replayedCode: the token that a stolen code gave is revoked, and that is told as well (RFC 6749 §4.1.2).
func TestWebhook_replayedCode(t *testing.T) {
	t.Parallel()
	s, deliveries := hook(t, nil)
	code := s.code(t, customer, nil)
	s.exchange(t, code, nil)
	s.exchange(t, code, nil)
	if events := s.told(t, deliveries); len(events) != 1 || summary(t, events[0]) != revoked+" token user app" {
		t.Errorf("events = %v, want the one of the token", events)
	}
}

// TestWebhook_bodies: what an event says of people, and what it must not say.
func TestWebhook_bodies(t *testing.T) {
	t.Parallel()
	s, deliveries := hook(t, nil)
	k := s.login(t, customer, nil)
	s.call(t, http.MethodPut, "/api/user/registration/"+customerID, apiKey, roleBody(`["admin"]`))
	s.call(t, http.MethodDelete, "/api/user/registration/"+customerID+"/"+clientID, apiKey, "")
	s.call(t, http.MethodDelete, "/api/jwt/refresh/"+k.RefreshTokenID, apiKey, "")
	s.call(t, http.MethodDelete, "/api/user/"+customerID, apiKey, "")
	events := s.told(t, deliveries)
	if len(events) != 5 {
		t.Fatalf("%d events, want 5", len(events))
	}
	was, is := map[string]any{"applicationId": clientID, "roles": []any{"customer"}}, map[string]any{"applicationId": clientID, "roles": []any{"admin"}}
	for i, want := range []map[string]any{
		{"type": updated, "original": was, "registration": is},
		{"type": ended, "original": nil, "registration": is},
		{"type": revoked, "original": nil, "registration": nil},
		{"type": deactivated, "original": nil, "registration": nil},
	} {
		for name, value := range want {
			if diff := cmp.Diff(value, events[i][name]); diff != "" {
				t.Errorf("event %d: %s (-want +got):\n%s", i, name, diff)
			}
		}
		info, _ := events[i]["info"].(map[string]any)
		if info["ipAddress"] != "127.0.0.1" || !strings.HasPrefix(info["userAgent"].(string), "Go-http-client") {
			t.Errorf("event %d: info = %v, want who asked", i, info)
		}
	}
	if user := events[3]["user"].(map[string]any); user["active"] != false || user["email"] != customer {
		t.Errorf("deactivated user = %v, want it so", user)
	}
	if token := events[2]["refreshToken"].(map[string]any); token["id"] != k.RefreshTokenID || token["token"] != nil {
		t.Errorf("refresh token = %v, want its id and not its value", token)
	}
}

// TestWebhook_signature: a receiver verifies with the JWKS that everybody can read, also after a rotation of the key.
func TestWebhook_signature(t *testing.T) {
	t.Parallel()
	s, deliveries := hook(t, nil)
	keys := oidc.NewRemoteKeySet(t.Context(), s.url+"/.well-known/jwks.json")
	var kids []any
	for range 2 {
		if _, err := s.idp.Revoke(customerID); err != nil {
			t.Fatal(err)
		}
		got := first(t, deliveries)
		payload, err := keys.VerifySignature(t.Context(), got.signature)
		if err != nil {
			t.Fatalf("signature %q: %v", got.signature, err)
		}
		sum := sha256.Sum256(got.body)
		if want := `{"request_body_sha256":"` + base64.StdEncoding.EncodeToString(sum[:]) + `"}`; string(payload) != want {
			t.Errorf("claims = %s, want %s", payload, want)
		}
		header := part(t, got.signature, 0)
		if header["alg"] != "ES256" {
			t.Errorf("header = %v, want ES256", header)
		}
		kids = append(kids, header["kid"])
		if err := s.idp.Keys().Rotate(hookKeyID, keyring.Successor{}); err != nil {
			t.Fatal(err)
		}
	}
	if kids[0] == kids[1] {
		t.Error("the rotated key signs still")
	}
	var published []any
	for _, entry := range s.idp.Keys().Entries() {
		if entry.ID == hookKeyID {
			published = append(published, entry.KID)
		}
	}
	if !slices.Contains(published, kids[0]) || !slices.Contains(published, kids[1]) {
		t.Errorf("kids = %v, want those of the webhooks' own key %v", kids, published)
	}
}

func TestWebhook_unsignedWhereItIsOff(t *testing.T) {
	t.Parallel()
	s, deliveries := hook(t, func(d document) { d.webhook().in("signatureConfiguration")["enabled"] = false })
	if _, err := s.idp.Revoke(customerID); err != nil {
		t.Fatal(err)
	}
	if got := first(t, deliveries); got.signature != "" {
		t.Errorf("signature = %q, want none", got.signature)
	}
}

// TestWebhook_switches: the tenant's and the webhook's have to be on both (FI#2012), and the webhook itself.
func TestWebhook_switches(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]func(document){
		"tenant": func(d document) {
			d.body("/api/tenant/").in("tenant", "eventConfiguration", "events", revoked)["enabled"] = false
		},
		"tenant says nothing":  func(d document) { delete(d.body("/api/tenant/").in("tenant"), "eventConfiguration") },
		"webhook":              func(d document) { d.webhook().in("eventsEnabled")[revoked] = false },
		"webhook says nothing": func(d document) { delete(d.webhook().in("eventsEnabled"), revoked) },
		"whole webhook":        func(d document) { d.webhook()["enabled"] = false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, deliveries := hook(t, off)
			if _, err := s.idp.Revoke(customerID); err != nil {
				t.Fatal(err)
			}
			if events := s.told(t, deliveries); len(events) != 0 {
				t.Errorf("events = %v, want none", events)
			}
		})
	}
}
