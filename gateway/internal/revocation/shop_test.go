package revocation_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/revocation"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

const (
	alice    = "7a1d0b4e-6a68-4f6e-8e3c-2f3a6c2d0001"
	bob      = "7a1d0b4e-6a68-4f6e-8e3c-2f3a6c2d0002"
	refresh  = "0d8a1c52-6e0e-4a57-9d7e-2b7a55b3f3a1"
	ours     = authtest.ClientID
	stranger = "f0000000-9173-4e01-9d73-ac2d60d1dc8e" // another application
)

var discard = slog.New(slog.DiscardHandler)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 250e6, time.UTC)

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return noon.Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// identity is FusionAuth, as far as a webhook sees it: a key that is published, and messages signed with it.
type identity struct {
	*authtest.Publisher
	key authtest.Key
}

func newIdentity(t testing.TB, algorithm string) identity {
	t.Helper()
	key := authtest.NewKey(t, algorithm, "events")
	return identity{authtest.Publish(t, key.Key), key}
}

// sign returns the signature over a body; change, when there is one, bends header or claims.
func (i identity) sign(t testing.TB, body string, change func(header, claims authtest.Claims)) string {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	header := authtest.Claims{"alg": i.key.Key.Algorithm, "typ": "JWT", "kid": i.key.Key.ID}
	claims := authtest.Claims{"request_body_sha256": base64.StdEncoding.EncodeToString(sum[:]), "iat": noon.Unix()}
	if change != nil {
		change(header, claims)
	}
	return i.key.Token(t, header, claims)
}

// ended is what the webhook did to sessions; it fails when it is told to.
type ended struct {
	mu    sync.Mutex
	calls []string
	err   error
}

func (e *ended) EndUser(ctx context.Context, subject string, before time.Time) error {
	return e.note(ctx, "user "+subject+" before "+before.UTC().Format(time.RFC3339Nano))
}

func (e *ended) EndToken(ctx context.Context, subject, sessionID string) error {
	return e.note(ctx, "token "+sessionID+" of "+subject)
}

func (e *ended) note(ctx context.Context, call string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, call)
	return errors.Join(e.err, ctx.Err())
}

func (e *ended) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

func (e *ended) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// lines is a log that a test reads while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) count(text string) int { return strings.Count(l.String(), text) }

// gateway is one replica behind real HTTP.
type gateway struct {
	identity
	*clock
	list     *revocation.List
	sessions *ended
	logged   *lines
	engine   http.Handler
	url      string
	client   *http.Client
	causes   *lines // what the access log would show
}

func newGateway(t testing.TB, id identity, log revocation.Log, change ...func(*revocation.Config)) *gateway {
	t.Helper()
	g := &gateway{identity: id, clock: &clock{}, sessions: &ended{}, logged: &lines{}, causes: &lines{}}
	cfg := revocation.Config{
		Keys:     auth.RemoteKeys(auth.At(id.URL), auth.RemoteConfig{}),
		ClientID: ours, Log: log, Sessions: g.sessions, Now: g.now,
		Logger: slog.New(slog.NewTextHandler(g.logged, nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	list, hook, err := revocation.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.list = list
	engine := gin.New()
	g.engine = engine
	engine.Use(func(c *gin.Context) {
		c.Next()
		_, _ = io.WriteString(g.causes, c.Errors.String())
	})
	engine.POST("/webhooks/fusionauth", hook.Receive)
	server := httptest.NewServer(engine)
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); server.Close() })
	g.url, g.client = server.URL+"/webhooks/fusionauth", &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return g
}

// run keeps the replica up with the others until the test ends, and returns when it knows what there is to know.
func (g *gateway) run(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); g.list.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	await(t, "the list is ready", g.list.Ready)
}

type answer struct {
	status int
	header http.Header
	body   string
}

// post sends a message as it is.
func (g *gateway) post(t testing.TB, body io.Reader, header map[string]string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range header {
		r.Header.Set(name, v)
	}
	res, err := g.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// send sends a message as FusionAuth does.
func (g *gateway) send(t testing.TB, body string) answer {
	t.Helper()
	return g.sendSigned(t, body, g.sign(t, body, nil))
}

func (g *gateway) sendSigned(t testing.TB, body, signature string) answer {
	t.Helper()
	return g.post(t, strings.NewReader(body), map[string]string{
		"Content-Type": "application/json", revocation.SignatureHeader: signature,
	})
}

func (g *gateway) mustTake(t testing.TB, body string) {
	t.Helper()
	if a := g.send(t, body); a.status != http.StatusNoContent || a.body != "" {
		t.Fatalf("%s: %d %s, want an empty 204", body, a.status, a.body)
	}
}

// refuses reports whether the list refuses a token of the user that was issued so long after noon.
func (g *gateway) refuses(user string, after time.Duration) bool {
	return g.list.Refuses(auth.Principal{Subject: user}, noon.Add(after))
}

type fields map[string]any

// message is an event of noon with these members; authtest.Absent takes one away.
func message(t testing.TB, kind string, members ...fields) string {
	t.Helper()
	event := fields{
		"type": kind, "id": rand.Text(), "createInstant": noon.UnixMilli(), "tenantId": "30663132-6464-6665-3032-326466613934",
		"info": fields{"ipAddress": "42.42.42.42", "location": fields{"city": "Denver", "latitude": 39.77777}},
	}
	for _, m := range members {
		maps.Copy(event, m)
	}
	maps.DeleteFunc(event, func(_ string, v any) bool { return v == authtest.Absent })
	text, err := json.Marshal(fields{"event": event})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func created(after time.Duration) fields { return fields{"createInstant": noon.Add(after).UnixMilli()} }

// person is a user object with what must never be logged.
func person(id string) fields {
	return fields{"user": fields{"id": id, "email": "alice@example.com", "data": fields{"id": "x", "deep": []any{fields{"a": 1}}}}}
}

func oneToken() fields {
	return fields{"applicationId": ours, "userId": alice, "refreshToken": fields{"id": refresh, "token": "secret-refresh-token"}}
}

func registration(application string) fields {
	return fields{"registration": fields{"id": "r", "applicationId": application, "roles": []string{"admin"}}}
}

// await waits for what another goroutine is about to do.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
