package arena

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/attack"
	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
)

// liar passes on what the identity server says to the gateway, but for one thing. It has a key among those that are published, so that
// what it has changed is well signed.
type liar struct {
	app       browser.App
	key, own  *rsa.PrivateKey // published, and not
	transport *http.Transport
	mu        sync.Mutex
	lie       lie
}

// lie changes the answer of the token endpoint.
type lie struct {
	name     string
	harmless bool
	tokens   func(l *liar, answer map[string]any)                    // changes its members
	answer   func(w http.ResponseWriter, genuine []byte) (done bool) // or answers in its place
}

const liarKID = "of-the-liar"

func newLiar(app browser.App) (*liar, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	return &liar{app: app, key: key, own: own, transport: matrix.Direct()}, err
}

// Lies implements attack.Liar.
func (l *liar) Lies() []attack.Lie {
	names := make([]attack.Lie, len(lies))
	for i, lie := range lies {
		names[i] = attack.Lie{Name: lie.name, Harmless: lie.harmless}
	}
	return names
}

// Tell implements attack.Liar.
func (l *liar) Tell(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = lie{}
	for _, lie := range lies {
		if lie.name == name {
			l.lie = lie
		}
	}
}

func (l *liar) telling() lie {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lie
}

// ServeHTTP implements http.Handler.
func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, l.app.Identity+r.RequestURI, r.Body) //nolint:gosec // one host, and the test's own gateway asks
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	out.Header, out.ContentLength = r.Header.Clone(), r.ContentLength
	out.Header.Del("Accept-Encoding")
	res, err := l.transport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for name, values := range res.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	if res.StatusCode == http.StatusOK && l.change(w, r.URL.Path, &body) {
		return
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(body)
}

// change spoils an answer, and reports whether it has sent one already.
func (l *liar) change(w http.ResponseWriter, path string, body *[]byte) (sent bool) {
	lie := l.telling()
	var document map[string]any
	switch {
	case strings.HasSuffix(path, "/jwks.json") && json.Unmarshal(*body, &document) == nil:
		keys, _ := document["keys"].([]any)
		document["keys"] = append(keys, l.jwk())
	case strings.HasSuffix(path, "/token") && lie.answer != nil:
		return lie.answer(w, *body)
	case strings.HasSuffix(path, "/token") && lie.tokens != nil && json.Unmarshal(*body, &document) == nil:
		lie.tokens(l, document)
	default:
		return false
	}
	if text, err := json.Marshal(document); err == nil {
		*body = text
	}
	return false
}

func (l *liar) jwk() map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": liarKID,
		"n": base64.RawURLEncoding.EncodeToString(l.key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(l.key.E)).Bytes()),
	}
}

// resign signs the ID token anew, with its claims and header changed.
func (l *liar) resign(answer map[string]any, method jwt.SigningMethod, key any, header, claims map[string]any) {
	text, _ := answer["id_token"].(string)
	all := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(text, all)
	if err != nil {
		return
	}
	parsed.Header["kid"], parsed.Header["alg"] = liarKID, method.Alg()
	for values, by := range map[*map[string]any]map[string]any{&parsed.Header: header, (*map[string]any)(&all): claims} {
		for name, value := range by {
			if value == nil {
				delete(*values, name)
			} else {
				(*values)[name] = value
			}
		}
	}
	token := jwt.Token{Header: parsed.Header, Claims: all, Method: method}
	if signed, err := token.SignedString(key); err == nil {
		answer["id_token"] = signed
	}
}

// claims is a lie about claims of the ID token, well signed.
func claims(changes map[string]any) func(*liar, map[string]any) {
	return func(l *liar, answer map[string]any) { l.resign(answer, jwt.SigningMethodRS256, l.key, nil, changes) }
}

var past = func() int64 { return time.Now().Add(-10 * time.Minute).Unix() }
