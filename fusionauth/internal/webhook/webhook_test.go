package webhook_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"storefront/fusionauth/internal/kickstart"
	"storefront/fusionauth/internal/webhook"
)

const (
	tenantID = "d7d09513-a3f5-401c-9685-34ab6c552453"
	keyID    = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1005"
	secret   = "0123456789abcdef0123456789abcdef"
	revoke   = kickstart.EventRefreshTokenRevoke
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// call is one request that the receiver got.
type call struct {
	header http.Header
	body   string
}

// next waits for a call, and not for ever.
func next(t *testing.T, calls chan call) call {
	t.Helper()
	select {
	case c := <-calls:
		return c
	case <-time.After(20 * time.Second):
		t.Fatal("the receiver was not called")
		return call{}
	}
}

// event gives what the body says.
func (c call) event(t *testing.T) map[string]any {
	t.Helper()
	var body struct{ Event map[string]any }
	if err := json.Unmarshal([]byte(c.body), &body); err != nil || body.Event == nil {
		t.Fatalf("body = %s, want an event", c.body)
	}
	return body.Event
}

// hears starts a receiver that answers with the statuses in turn, the last one for good.
func hears(t *testing.T, statuses ...int) (url string, calls chan call) {
	t.Helper()
	calls = make(chan call, 1000)
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		status := statuses[0]
		if len(statuses) > 1 {
			statuses = statuses[1:]
		}
		mu.Unlock()
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		calls <- call{r.Header.Clone(), string(body)}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hook?secret=of-the-query", calls
}

func hook(url string) kickstart.Webhook {
	return kickstart.Webhook{
		ID: "the-hook", URL: url, Events: []string{revoke}, SigningKeyID: keyID, ConnectTimeout: time.Second, ReadTimeout: 5 * time.Second,
	}
}

func sign(id string, claims map[string]any) (string, error) {
	if id != keyID {
		return "", fmt.Errorf("no key %s", id)
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(secret))
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// sender makes a Sender to hooks, and what runs it until stop has seen it end.
func sender(t *testing.T, hooks ...kickstart.Webhook) (s *webhook.Sender, log *logBuffer, run func() (stop func())) {
	t.Helper()
	log = &logBuffer{}
	s, err := webhook.New(webhook.Config{
		TenantID: tenantID, Enabled: []string{revoke}, Webhooks: hooks, Sign: sign, Now: func() time.Time { return noon },
		Log:    slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Pauses: []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, log, func() func() {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx)
		}()
		stop := func() {
			cancel()
			<-done
		}
		t.Cleanup(stop)
		return stop
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, http.StatusOK)
	s, _, run := sender(t, hook(url))
	run()
	s.Send(webhook.Event{
		Type: revoke, ApplicationID: "app", ApplicationTimeToLive: map[string]int{"app": 600}, UserID: "user",
		User: map[string]any{"id": "user"}, RefreshToken: map[string]any{"id": "token"}, Info: webhook.Info{IPAddress: "192.0.2.1", UserAgent: "me"},
	})
	got := next(t, calls)
	event := got.event(t)
	if id, _ := event["id"].(string); len(id) != 36 {
		t.Errorf("id = %q, want a UUID", id)
	}
	delete(event, "id")
	want := map[string]any{
		"type": revoke, "tenantId": tenantID, "createInstant": float64(noon.UnixMilli()), "applicationId": "app", "userId": "user",
		"applicationTimeToLiveInSeconds": map[string]any{"app": 600.0}, "user": map[string]any{"id": "user"},
		"refreshToken": map[string]any{"id": "token"}, "info": map[string]any{"ipAddress": "192.0.2.1", "userAgent": "me"},
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type = %q", kind)
	}
}

// TestSend_signature: the JWT is the key's, and of this body to the byte.
func TestSend_signature(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, http.StatusOK)
	unsigned := hook(url)
	unsigned.SigningKeyID = ""
	s, _, run := sender(t, hook(url), unsigned)
	run()
	s.Send(webhook.Event{Type: revoke, UserID: "ü+/<>"})
	signed := map[bool]int{}
	for range 2 {
		got := next(t, calls)
		signature := got.header.Get("X-FusionAuth-Signature-JWT")
		signed[signature != ""]++
		if signature == "" {
			continue
		}
		claims := jwt.MapClaims{}
		if _, err := jwt.ParseWithClaims(signature, claims, func(*jwt.Token) (any, error) { return []byte(secret), nil }); err != nil {
			t.Fatalf("signature: %v", err)
		}
		sum := sha256.Sum256([]byte(got.body))
		want := jwt.MapClaims{"request_body_sha256": base64.StdEncoding.EncodeToString(sum[:])}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
	if signed[true] != 1 || signed[false] != 1 {
		t.Errorf("%v, want one signed and one not", signed)
	}
}

// TestSend_switches: both have to be on. What must not come is proved by what comes after it.
func TestSend_switches(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, http.StatusOK)
	s, _, run := sender(t, hook(url), kickstart.Webhook{ID: "of-the-other", URL: url, Events: []string{kickstart.EventUserDelete}, ConnectTimeout: time.Second, ReadTimeout: time.Second})
	stop := run()
	s.Send(webhook.Event{Type: kickstart.EventUserDelete}) // on at a webhook, off at the tenant
	s.Send(webhook.Event{Type: "user.create"})
	s.Send(webhook.Event{Type: revoke}) // on at both, and off at the other webhook
	stop()
	if got := next(t, calls); got.event(t)["type"] != revoke || len(calls) != 0 {
		t.Errorf("event = %v and %d more, want the one alone", got.event(t), len(calls))
	}
}

// TestSend_retries: a receiver that was away gets the same event, with the same id and a signature that is good.
func TestSend_retries(t *testing.T) {
	t.Parallel()
	for name, statuses := range map[string][]int{
		"server error": {500, 503, 200}, "redirect": {302, 200}, "refusal": {401, 204}, "not found": {404, 404, 404, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := len(statuses)
			url, calls := hears(t, statuses...)
			s, log, run := sender(t, hook(url))
			stop := run()
			s.Send(webhook.Event{Type: revoke, UserID: "first"})
			s.Send(webhook.Event{Type: revoke, UserID: "second"})
			var bodies []string
			for range want {
				bodies = append(bodies, next(t, calls).body)
			}
			for _, body := range bodies {
				if body != bodies[0] {
					t.Errorf("attempts = %q, want the same bytes", bodies)
				}
			}
			if got := next(t, calls); got.event(t)["userId"] != "second" {
				t.Errorf("the next event = %v, want the second after the first", got.event(t))
			}
			stop()
			if strings.Contains(log.String(), `"WARN"`) {
				t.Errorf("log = %s, want no warning for what arrived", log)
			}
		})
	}
}

// TestSend_givesUp: a receiver that never takes an event costs that event alone, and a line in the log that holds nothing of it.
func TestSend_givesUp(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, 500, 500, 500, 500, 200)
	s, log, run := sender(t, hook(url))
	stop := run()
	s.Send(webhook.Event{Type: revoke, UserID: "lost", User: map[string]any{"email": "somebody@example.com"}})
	s.Send(webhook.Event{Type: revoke, UserID: "next"})
	lost := next(t, calls).event(t)
	for range 3 {
		next(t, calls)
	}
	if got := next(t, calls).event(t); got["userId"] != "next" || got["id"] == lost["id"] {
		t.Errorf("event after the lost one = %v", got)
	}
	stop()
	checkWarning(t, log, lost["id"].(string), `"attempts":4`, `"err":"the answer is 500"`)
}

// checkWarning: exactly one, about that event, and without anything that is about people or opens a door.
func checkWarning(t *testing.T, log *logBuffer, parts ...string) {
	t.Helper()
	text := log.String()
	if strings.Count(text, `"level":"WARN"`) != 1 || strings.Contains(text, `"level":"ERROR"`) {
		t.Errorf("log = %s, want one warning", text)
	}
	for _, part := range append(parts, `"event":"jwt.refresh-token.revoke"`, `"webhook":"the-hook"`) {
		if !strings.Contains(text, part) {
			t.Errorf("log = %s, want %s in it", text, part)
		}
	}
	for _, leak := range []string{"somebody@example.com", "of-the-query", "eyJ"} {
		if strings.Contains(text, leak) {
			t.Errorf("log = %s, which holds %s", text, leak)
		}
	}
}

// TestSend_toNobody: where nothing listens there is a warning, and the program goes on.
func TestSend_toNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	s, log, run := sender(t, hook("http://"+l.Addr().String()+"/hook?secret=of-the-query"))
	s.Send(webhook.Event{Type: revoke})
	run()()
	checkWarning(t, log, "connection refused")
}

// TestSend_toASilentReceiver: the webhook's own timeout ends the wait.
func TestSend_toASilentReceiver(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	slow := hook(server.URL)
	slow.ReadTimeout = 10 * time.Millisecond
	s, log, run := sender(t, slow)
	s.Send(webhook.Event{Type: revoke})
	run()()
	checkWarning(t, log, "timeout")
}

// TestSend_withoutItsKey: what cannot be signed is not sent unsigned.
func TestSend_withoutItsKey(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, http.StatusOK)
	broken := hook(url)
	broken.SigningKeyID = "gone"
	s, log, run := sender(t, broken)
	s.Send(webhook.Event{Type: revoke})
	run()()
	if len(calls) != 0 {
		t.Error("an event was sent without its signature")
	}
	checkWarning(t, log, "sign: no key gone")
}

// TestSend_neverWaits: a receiver that is slow fills its queue, and what comes then is dropped with a warning.
func TestSend_neverWaits(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, http.StatusOK)
	s, log, run := sender(t, hook(url))
	for i := range 257 { // of 256 that may wait; nothing is delivered yet
		s.Send(webhook.Event{Type: revoke, UserID: fmt.Sprint(i)})
	}
	checkWarning(t, log, "webhook event dropped")
	run()()
	if len(calls) != 256 {
		t.Fatalf("%d events arrived, want the 256 that waited", len(calls))
	}
	for i := range 256 {
		if got := next(t, calls).event(t)["userId"]; got != fmt.Sprint(i) {
			t.Fatalf("event %d is that of %v: out of order", i, got)
		}
	}
}

// TestRun_stops: what waits gets its attempt, a long pause is cut short, and nothing goes on behind the back of the program.
func TestRun_stops(t *testing.T) {
	t.Parallel()
	url, calls := hears(t, http.StatusServiceUnavailable)
	log := &logBuffer{}
	s, err := webhook.New(webhook.Config{
		TenantID: tenantID, Enabled: []string{revoke}, Webhooks: []kickstart.Webhook{hook(url)}, Sign: sign, Now: time.Now,
		Log: slog.New(slog.NewJSONHandler(log, nil)), Pauses: []time.Duration{time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	s.Send(webhook.Event{Type: revoke, UserID: "first"})
	next(t, calls)
	s.Send(webhook.Event{Type: revoke, UserID: "second"})
	stop()
	<-done
	var users []any
	for len(calls) > 0 {
		users = append(users, next(t, calls).event(t)["userId"])
	}
	// The first may or may not have its second attempt, as the stop comes in a pause or before it.
	if len(users) == 0 || len(users) > 2 || users[len(users)-1] != "second" {
		t.Errorf("after the stop came %v, want the second event last", users)
	}
	if strings.Count(log.String(), "not delivered") != 2 {
		t.Errorf("log = %s, want both events as not delivered", log)
	}
}

func TestNew_refusesTheZeroValue(t *testing.T) {
	t.Parallel()
	whole := webhook.Config{TenantID: tenantID, Sign: sign, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	if _, err := webhook.New(whole); err != nil {
		t.Errorf("New without webhooks = %v", err)
	}
	for name, drop := range map[string]func(*webhook.Config){
		"tenant": func(c *webhook.Config) { c.TenantID = "" }, "signer": func(c *webhook.Config) { c.Sign = nil },
		"log": func(c *webhook.Config) { c.Log = nil }, "clock": func(c *webhook.Config) { c.Now = nil },
	} {
		cfg := whole
		drop(&cfg)
		if _, err := webhook.New(cfg); err == nil {
			t.Errorf("New without a %s succeeds", name)
		}
	}
}
