package revocation_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/revocation"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// Each event ends what it is about, and nothing else.
func TestWebhook_takesBack(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "RS256")
	endAlice := []string{"user " + alice + " before 2026-12-01T12:00:00.25Z"}
	const none, hers, session, everyone = "none", "hers", "session", "everyone"
	for name, tt := range map[string]struct {
		kind    string
		members []fields
		ends    []string
		refuses string
	}{
		"one refresh token":              {"jwt.refresh-token.revoke", []fields{oneToken()}, []string{"token " + refresh + " of " + alice}, session},
		"one, its user in the object":    {"jwt.refresh-token.revoke", []fields{oneToken(), person(alice), {"userId": authtest.Absent}}, []string{"token " + refresh + " of " + alice}, session},
		"one of no application":          {"jwt.refresh-token.revoke", []fields{oneToken(), {"applicationId": authtest.Absent}}, []string{"token " + refresh + " of " + alice}, session},
		"one of another application":     {"jwt.refresh-token.revoke", []fields{oneToken(), {"applicationId": stranger}}, nil, none},
		"all of a user":                  {"jwt.refresh-token.revoke", []fields{{"userId": alice}, person(alice)}, endAlice, hers},
		"all of a user here":             {"jwt.refresh-token.revoke", []fields{{"userId": alice, "applicationId": ours}}, endAlice, hers},
		"all of a user elsewhere":        {"jwt.refresh-token.revoke", []fields{{"userId": alice, "applicationId": stranger}}, nil, none},
		"all of the application":         {"jwt.refresh-token.revoke", []fields{{"applicationId": ours}}, nil, everyone},
		"all of another application":     {"jwt.refresh-token.revoke", []fields{{"applicationId": stranger}}, nil, none},
		"user deactivated":               {"user.deactivate", []fields{person(alice)}, endAlice, hers},
		"user deleted":                   {"user.delete", []fields{person(alice)}, endAlice, hers},
		"user deleted, by id alone":      {"user.delete", []fields{{"userId": alice}}, endAlice, hers},
		"registration updated":           {"user.registration.update", []fields{person(alice), registration(ours)}, endAlice, hers},
		"registration deleted":           {"user.registration.delete", []fields{person(alice), registration(ours)}, endAlice, hers},
		"application beside it":          {"user.registration.update", []fields{{"userId": alice, "applicationId": ours}}, endAlice, hers},
		"application in both places":     {"user.registration.update", []fields{person(alice), registration(ours), {"applicationId": ours}}, endAlice, hers},
		"other application's update":     {"user.registration.update", []fields{person(alice), registration(stranger)}, nil, none},
		"other application's deletion":   {"user.registration.delete", []fields{{"userId": alice, "applicationId": stranger}}, nil, none},
		"another type with a user":       {"user.login.success", []fields{person(alice), {"applicationId": ours}}, nil, none},
		"another type that looks alike":  {"user.delete.complete", []fields{person(alice)}, nil, none},
		"another type, members of wrong": {"user.update", []fields{{"user": 1, "userId": []int{}, "refreshToken": "x"}}, nil, none},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, id, revocation.NewMemory())
			g.mustTake(t, message(t, tt.kind, tt.members...))
			if diff := cmp.Diff(tt.ends, g.sessions.all()); diff != "" {
				t.Errorf("sessions ended (-want +got):\n%s", diff)
			}
			before := noon.Add(-time.Hour)
			for who, want := range map[string]struct {
				auth.Principal
				refused bool
			}{
				"alice":                 {auth.Principal{Subject: alice}, tt.refuses == hers || tt.refuses == everyone},
				"alice in this session": {auth.Principal{Subject: alice, SessionID: refresh}, tt.refuses != none},
				"bob":                   {auth.Principal{Subject: bob}, tt.refuses == everyone},
				"a token of nobody":     {auth.Principal{}, tt.refuses == everyone},
				"ids in wrong places":   {auth.Principal{Subject: refresh, SessionID: alice}, tt.refuses == everyone},
			} {
				if got := g.list.Refuses(want.Principal, before); got != want.refused {
					t.Errorf("Refuses(%s) = %t, want %t", who, got, want.refused)
				}
			}
		})
	}
}

func TestWebhook_signedByEachAlgorithm(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		g := newGateway(t, newIdentity(t, algorithm), revocation.NewMemory())
		g.mustTake(t, message(t, "user.delete", person(alice)))
		if !g.refuses(alice, 0) {
			t.Errorf("%s: the event changes nothing", algorithm)
		}
	}
}

// FusionAuth may name the charset, leave typ out, and send a body in chunks.
func TestWebhook_takesOtherSpellings(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	body := " \n" + message(t, "user.delete", person(alice), fields{"new in a later version": nil}) + "\n"
	signature := g.sign(t, body, func(header, claims authtest.Claims) {
		delete(header, "typ")
		claims["exp"] = noon.Add(-time.Hour).Unix()
	})
	a := g.post(t, io.MultiReader(strings.NewReader(body)), map[string]string{
		"Content-Type": "Application/JSON; charset=utf-8", revocation.SignatureHeader: signature,
	})
	if a.status != http.StatusNoContent || !g.refuses(alice, 0) {
		t.Errorf("%d %s, refused: %t", a.status, a.body, g.refuses(alice, 0))
	}
}

func TestWebhook_duplicateDelivery(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	event := message(t, "user.delete", person(alice))
	for range 3 {
		g.mustTake(t, event)
	}
	if n := len(g.sessions.all()); n != 1 {
		t.Errorf("sessions ended %d times, want once", n)
	}
	if applied, again := g.logged.count("outcome=applied"), g.logged.count("outcome=duplicate"); applied != 1 || again != 2 {
		t.Errorf("%d applied, %d duplicates, want 1 and 2:\n%s", applied, again, g.logged)
	}
}

// Ids are remembered up to a bound. What was forgotten is dealt with again, to no effect.
func TestWebhook_duplicateAfterManyOthers(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "EdDSA"), revocation.NewMemory())
	first := message(t, "user.delete", person(alice))
	g.mustTake(t, first)
	for range revocation.MaxSeen {
		g.mustTake(t, message(t, "user.delete", fields{"userId": bob}))
	}
	g.mustTake(t, first)
	if n := g.logged.count("outcome=applied"); n != revocation.MaxSeen+2 {
		t.Errorf("%d events applied, want the first one again: %d", n, revocation.MaxSeen+2)
	}
}

// An event that somebody has kept ends no newer session and refuses no newer token, on whichever replica it arrives.
func TestWebhook_replayOfOldEventAfterNewLogin(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "ES256")
	old := message(t, "user.deactivate", person(alice))
	for _, later := range []time.Duration{time.Hour, 24*time.Hour - time.Second, 30 * 24 * time.Hour} {
		g := newGateway(t, id, revocation.NewMemory())
		g.advance(later)
		g.mustTake(t, old)
		if g.refuses(alice, later) || g.refuses(alice, time.Second) {
			t.Errorf("replayed after %v, the event refuses what is younger than it", later)
		}
		want := []string{"user " + alice + " before 2026-12-01T12:00:00.25Z"}
		if diff := cmp.Diff(want, g.sessions.all()); diff != "" {
			t.Errorf("sessions ended (-want +got):\n%s", diff)
		}
	}
}

// While something is away the answer is a 503, and the same event sent again is not taken for a duplicate.
func TestWebhook_sendAgain(t *testing.T) {
	t.Parallel()
	id := newIdentity(t, "ES256")
	broken := &brokenLog{}
	g := newGateway(t, id, broken)
	event := message(t, "user.delete", person(alice))
	retry := func(what string) {
		t.Helper()
		a := g.send(t, event)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, `"status":503`) {
			t.Errorf("%s: %d %v %s, want a 503 with Retry-After", what, a.status, a.header, a.body)
		}
		for _, secret := range []string{"10.0.0.7", "alice"} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%s: the answer shows %q: %s", what, secret, a.body)
			}
		}
	}
	id.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	retry("key set away")
	if g.refuses(alice, 0) || len(g.sessions.all()) > 0 {
		t.Error("an event whose signature was not checked has an effect")
	}
	id.Set(t, id.key.Key)
	broken.fail(errors.New("dial tcp 10.0.0.7:6379: refused"))
	await(t, "the key set is asked for again", func() bool {
		a := g.send(t, event)
		return strings.Contains(g.causes.String(), "10.0.0.7") && a.status == http.StatusServiceUnavailable
	})
	retry("log away")
	if !g.refuses(alice, 0) {
		t.Error("while the log is away, the replica that knows of the event does not refuse")
	}
	broken.fail(nil)
	g.sessions.fail(errors.New("redis 10.0.0.7 away"))
	retry("session store away")
	g.sessions.fail(nil)
	g.mustTake(t, event)
	if n := g.logged.count("outcome=applied"); n != 1 {
		t.Errorf("applied %d times, want once:\n%s", n, g.logged)
	}
}

// A sender that hangs up may never send again, so what it has sent is dealt with to the end.
func TestWebhook_senderHangsUp(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	g.mustTake(t, message(t, "user.delete", person(bob))) // the keys are there
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	body := message(t, "user.delete", person(alice))
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/fusionauth", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(revocation.SignatureHeader, g.sign(t, body, nil))
	w := httptest.NewRecorder()
	g.engine.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent || len(g.sessions.all()) != 2 {
		t.Errorf("%d %s, sessions ended: %v", w.Code, w.Body, g.sessions.all())
	}
}

func TestWebhook_logsNothingPersonal(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	body := message(t, "jwt.refresh-token.revoke", oneToken(), person(alice), fields{"id": "event-1"})
	signature := g.sign(t, body, nil)
	g.sendSigned(t, body, signature)
	g.sendSigned(t, body+" ", signature)
	g.send(t, body[:len(body)-1])
	all := g.logged.String() + g.causes.String()
	for _, secret := range []string{"alice@", "secret-refresh-token", refresh, "42.42", signature} {
		if strings.Contains(all, secret) {
			t.Errorf("logs show %q:\n%s", secret, all)
		}
	}
	if want := `level=INFO msg="identity event" type=jwt.refresh-token.revoke event_id=event-1 outcome=applied`; g.logged.count(want) != 1 {
		t.Errorf("no line %s:\n%s", want, g.logged)
	}
}
