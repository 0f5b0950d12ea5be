package login

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"storefront/shared/config"
)

// Limits of login attempts.
const (
	attemptLife        = 10 * time.Minute
	attemptsPerBrowser = 10
)

// attempt is one click on "sign in", kept in a cookie of the browser that made it.
type attempt struct {
	State    string    `json:"-"` // names the cookie
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE, RFC 7636
	ReturnTo string    `json:"r"`
	Begun    time.Time `json:"t"`
}

func newAttempt(returnTo string, now time.Time) attempt {
	return attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), ReturnTo: returnTo, Begun: now}
}

// attempts seals attempts into cookies and opens them again. AES-256-GCM with the cookie's name as additional data: the content
// of one attempt's cookie is worth nothing under the name of another.
type attempts struct {
	aeads  *config.Live[[]cipher.AEAD] // the first seals, all open
	prefix string
	secure bool
}

func newAttempts(log *slog.Logger, secret config.Rotating, secure bool) (*attempts, error) {
	aeads, err := config.Watch(log, secret, sealers)
	if err != nil {
		return nil, fmt.Errorf("login config: Secret: %w", err)
	}
	a := &attempts{aeads: aeads, prefix: "fa.gw.login.", secure: secure}
	if secure {
		a.prefix = "__Host-" + a.prefix
	}
	return a, nil
}

func sealers(secrets []config.Secret) ([]cipher.AEAD, error) {
	aeads := make([]cipher.AEAD, len(secrets))
	for i, secret := range secrets {
		var err error
		if aeads[i], err = sealer([]byte(secret)); err != nil {
			return nil, err
		}
	}
	return aeads, nil
}

func sealer(secret []byte) (cipher.AEAD, error) {
	if len(secret) < 32 {
		return nil, errors.New("shorter than 32 bytes")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "storefront login attempt", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// begin gives the browser the attempt's cookie and takes back those that have grown old or too many.
func (a *attempts) begin(w http.ResponseWriter, r *http.Request, t attempt) error {
	var alive []attempt
	for _, c := range r.Cookies() {
		state, ours := strings.CutPrefix(c.Name, a.prefix)
		if !ours {
			continue
		}
		if old, err := a.open(r, state, t.Begun); err == nil {
			alive = append(alive, old)
		} else {
			a.clear(w, state)
		}
	}
	slices.SortFunc(alive, func(x, y attempt) int { return cmp.Compare(y.Begun.UnixNano(), x.Begun.UnixNano()) })
	for len(alive) >= attemptsPerBrowser {
		a.clear(w, alive[len(alive)-1].State)
		alive = alive[:len(alive)-1]
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("seal login attempt: %w", err)
	}
	name := a.prefix + t.State
	sealed := a.aeads.Get()[0].Seal(nil, nil, plain, []byte(name)) //nolint:gosec // NewGCMWithRandomNonce makes the nonce
	http.SetCookie(w, a.cookie(name, base64.RawURLEncoding.EncodeToString(sealed), int(attemptLife.Seconds())))
	return nil
}

var errNoAttempt = errors.New("no login attempt of this browser")

// open gives the attempt of that state if this browser made it within its time.
func (a *attempts) open(r *http.Request, state string, now time.Time) (attempt, error) {
	name := a.prefix + state
	c, err := r.Cookie(name)
	if state == "" || err != nil {
		return attempt{}, errNoAttempt
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return attempt{}, errNoAttempt
	}
	plain, ok := a.unseal(sealed, []byte(name))
	t := attempt{State: state}
	if !ok || json.Unmarshal(plain, &t) != nil || now.Sub(t.Begun) > attemptLife {
		return attempt{}, errNoAttempt
	}
	return t, nil
}

func (a *attempts) unseal(sealed, name []byte) ([]byte, bool) {
	for _, aead := range a.aeads.Get() {
		if plain, err := aead.Open(nil, nil, sealed, name); err == nil {
			return plain, true
		}
	}
	return nil, false
}

func (a *attempts) clear(w http.ResponseWriter, state string) {
	http.SetCookie(w, a.cookie(a.prefix+state, "", -1))
}

// cookie is Lax, since the callback is a navigation from another site.
func (a *attempts) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, MaxAge: maxAge,
		Path: "/", HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	}
}
