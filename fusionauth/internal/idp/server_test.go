package idp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"storefront/fusionauth/internal/idp"
	"storefront/fusionauth/internal/kickstart"
	"storefront/shared/config"
)

// What kickstart/kickstart.json makes, whatever the environment.
const (
	tenantID   = "d7d09513-a3f5-401c-9685-34ab6c552453"
	hmacKeyID  = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001"
	rsaKeyID   = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1002"
	ecKeyID    = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1003"
	edKeyID    = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1004"
	hookKeyID  = "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1005"
	adminID    = "00000000-0000-0000-0000-000000000001"
	customerID = "00000000-0000-0000-0000-000000000002"
	admin      = "admin@example.com"
	customer   = "customer@example.com"
	hmacKID    = "gateway-hs256-1"
)

func environment() map[string]string {
	return map[string]string{
		"KICKSTART_API_KEY": apiKey, "FUSIONAUTH_API_KEY": loginAPIKey, "JWT_SIGNING_KEY": hmacSecret, "ACCESS_TOKEN_KEY_ID": hmacKeyID,
		"FUSIONAUTH_CLIENT_SECRET": clientSecret, "GATEWAY_REDIRECT_URL": callback, "GATEWAY_LOGOUT_URL": frontLogout,
		"GATEWAY_POST_LOGOUT_URL": home, "ADMIN_PASSWORD": password(admin), "CUSTOMER_PASSWORD": password(customer),
		"ANONYMOUS_PASSWORD": password("anonymous@example.com"), "MANAGER_PASSWORD": password("manager@example.com"),
		"GATEWAY_WEBHOOK_URL": "http://shop.test/webhook", "REFRESH_TOKEN_USAGE_POLICY": "Reusable",
	}
}

// site is one running identity server, spoken to over HTTP alone.
type site struct {
	url   string
	clock *clock // from here on nil for a server that is not ours
	log   *logBuffer
	idp   *idp.Handler // its inside, for what no client may do
	stop  func()
}

// variant is how a server differs from the one that kickstart/kickstart.json makes.
type variant struct {
	env     map[string]string
	edit    func(document)
	deliver bool // events reach the webhook; elsewhere nobody listens
}

func launch(v variant) (*site, error) {
	s := &site{clock: &clock{}, log: &logBuffer{}}
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	setup, err := setUp(s.url, v)
	if err != nil {
		return nil, err
	}
	for i := range setup.Keys {
		if setup.Keys[i].Bits > 0 { // making one takes longer than most tests
			setup.Keys[i].PEM = rsaKey()
		}
	}
	handler, err := idp.New(idp.Config{
		Setup: setup, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: s.clock.now, HashRounds: 10,
		WebhookPauses: []time.Duration{time.Millisecond, time.Millisecond},
	})
	if err != nil {
		return nil, err
	}
	s.idp = handler
	server.Config.Handler = handler.Routes()
	server.Start()
	s.stop = server.Close
	if v.deliver {
		s.stop = s.delivering(server.Close)
	}
	return s, nil
}

// delivering sends events, and gives what ends the server and then that.
func (s *site) delivering(closeServer func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.idp.Deliver(ctx)
	}()
	return sync.OnceFunc(func() {
		closeServer()
		cancel()
		<-done
	})
}

// rsaKey is the RSA key of every server here.
var rsaKey = sync.OnceValue(func() config.Secret {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // never (crypto/rand)
	}
	return config.Secret(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

func setUp(issuer string, v variant) (kickstart.Setup, error) {
	data, err := os.ReadFile("../../kickstart/kickstart.json")
	if err != nil {
		return kickstart.Setup{}, err
	}
	if v.edit != nil {
		var doc document
		if err := json.Unmarshal(data, &doc); err != nil {
			return kickstart.Setup{}, err
		}
		v.edit(doc)
		if data, err = json.Marshal(doc); err != nil {
			return kickstart.Setup{}, err
		}
	}
	env := environment()
	env["FUSIONAUTH_ISSUER"] = issuer
	for name, value := range v.env {
		env[name] = value
	}
	files := fstest.MapFS{"kickstart.json": {Data: data}}
	return kickstart.Parse(files, "kickstart.json", func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	})
}

func TestNew_refusesTheZeroValue(t *testing.T) {
	t.Parallel()
	setup, err := setUp("http://id.test", variant{})
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]idp.Config{"nothing": {}, "no log": {Setup: setup}, "no setup": {Log: slog.New(slog.DiscardHandler)}} {
		if _, err := idp.New(cfg); err == nil {
			t.Errorf("New with %s succeeds", name)
		}
	}
	if _, err := idp.New(idp.Config{Setup: setup, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Errorf("New without a clock = %v, want time.Now", err)
	}
}

// document is a kickstart as JSON.
type document map[string]any

// body gives the body of the first request whose URL holds part.
func (d document) body(part string) document {
	for _, r := range d["requests"].([]any) {
		request := r.(map[string]any)
		if strings.Contains(request["url"].(string), part) {
			return request["body"].(map[string]any)
		}
	}
	panic("no request to " + part)
}

func (d document) in(names ...string) document {
	for _, name := range names {
		d = d[name].(map[string]any)
	}
	return d
}

func (d document) jwt() document {
	return d.body("/application/").in("application", "jwtConfiguration")
}
func (d document) oauth() document {
	return d.body("/application/").in("application", "oauthConfiguration")
}

// add appends a request.
func (d document) add(method, url string, body document) {
	d["requests"] = append(d["requests"].([]any), document{"method": method, "url": url, "body": body})
}

// unregister takes the customer out of the gateway's application.
func (d document) unregister() {
	registration := d.body("#{customerUserId}").in("registration")
	registration["applicationId"], registration["roles"] = kickstart.AdminApplicationID, []any{"admin"}
}

// Another application, for what must not work across two.
const (
	otherID       = "99999999-9999-4999-8999-999999999999"
	otherSecret   = "secret-of-the-other"
	otherCallback = "http://other.test/callback"
)

func (d document) addOther(oauth document) {
	base := document{"clientSecret": otherSecret, "authorizedRedirectURLs": []any{otherCallback}, "logoutURL": "http://other.test/bye"}
	for name, value := range oauth {
		base[name] = value
	}
	d.add("POST", "/api/application/"+otherID, document{"application": document{"name": "Other", "oauthConfiguration": base}})
}

// clock is the server's time, which a test can move.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// logBuffer keeps what the server logs.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newBrowser keeps cookies and shows redirects instead of following them.
func newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // never without options
	}
	return &http.Client{
		Jar: jar, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a response, read.
type answer struct {
	status   int
	header   http.Header
	text     string
	location string
}

func send(t testing.TB, c *http.Client, r *http.Request) answer {
	t.Helper()
	response, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read the answer to %s %s: %v", r.Method, r.URL.Path, err)
	}
	return answer{response.StatusCode, response.Header, string(body), response.Header.Get("Location")}
}

// json decodes the body.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.text), &v); err != nil {
		t.Fatalf("answer %d is no JSON object: %v\n%s", a.status, err, a.text)
	}
	return v
}

func newRequest(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// get asks for a path of the server.
func (s *site) get(t testing.TB, c *http.Client, path string, header ...string) answer {
	t.Helper()
	return send(t, c, newRequest(t, http.MethodGet, s.url+path, "", header...))
}

// call sends JSON to an API.
func (s *site) call(t testing.TB, method, path, key, body string) answer {
	t.Helper()
	r := newRequest(t, method, s.url+path, body, "Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", key)
	}
	return send(t, newBrowser(), r)
}
