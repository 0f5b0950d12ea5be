package login

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"storefront/gateway/internal/sealed"
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

// newAttempt begins an attempt; strays is how many before it came back without their cookie. The state carries the count along, since a
// browser that keeps no cookies has no other place for it.
func newAttempt(returnTo string, strays int, now time.Time) attempt {
	state := rand.Text()
	if strays > 0 {
		state += "." + strconv.Itoa(strays)
	}
	return attempt{State: state, Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), ReturnTo: returnTo, Begun: now}
}

// strays is the count that the state carries; whoever changes it deceives nobody but himself.
func (t attempt) strays() int {
	_, count, _ := strings.Cut(t.State, ".")
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxStrays {
		return 0
	}
	return n
}

// attempts seals attempts into cookies and opens them again, with the cookie's name as additional data: the content of one
// attempt's cookie is worth nothing under the name of another.
type attempts struct {
	box    *sealed.Box
	prefix string
	secure bool
}

func newAttempts(log *slog.Logger, secret config.Rotating, secure bool) (*attempts, error) {
	box, err := sealed.New(log, secret, "storefront login attempt")
	if err != nil {
		return nil, fmt.Errorf("login config: Secret: %w", err)
	}
	a := &attempts{box: box, prefix: "fa.gw.login.", secure: secure}
	if secure {
		a.prefix = "__Host-" + a.prefix
	}
	return a, nil
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
	value := base64.RawURLEncoding.EncodeToString(a.box.Seal(plain, []byte(name)))
	http.SetCookie(w, a.cookie(name, value, int(attemptLife.Seconds())))
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
	envelope, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return attempt{}, errNoAttempt
	}
	plain, err := a.box.Open(envelope, []byte(name))
	t := attempt{State: state}
	if err != nil || json.Unmarshal(plain, &t) != nil || now.Sub(t.Begun) > attemptLife {
		return attempt{}, errNoAttempt
	}
	return t, nil
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
