package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	gorilla "github.com/gorilla/sessions"
)

// CookieName is the name of the session cookie, the article's; behind https it carries the prefix __Host-, with which browsers
// refuse one that another host or a plain connection has planted.
func CookieName(secure bool) string {
	if secure {
		return "__Host-fa.gw.sid"
	}
	return "fa.gw.sid"
}

// Sessions returns the middleware that gives handlers their session. It reads the store when a handler first asks.
func Sessions(store Store, secure bool) gin.HandlerFunc {
	return sessions.Sessions(CookieName(secure), &cookieStore{store: store, secure: secure})
}

// HasCookie reports whether the request carries a session cookie, of whatever worth.
func HasCookie(r *http.Request, secure bool) bool {
	_, err := r.Cookie(CookieName(secure))
	return err == nil
}

// Current is the session of a request.
type Current struct {
	Record
	Key Key
}

// From gives the request's session; ErrNone when there is none, any other error when the store cannot tell.
func From(c *gin.Context) (Current, error) {
	switch v := sessions.Default(c).Get(currentKey).(type) {
	case Current:
		return v, nil
	case error:
		return Current{}, v
	default:
		return Current{}, ErrNone
	}
}

// Start signs the browser in: a new session with a new id, whatever id the browser sent (session fixation, ASVS 7.2.4); the old
// one ends.
func Start(c *gin.Context, r Record) error {
	s := sessions.Default(c)
	s.Set(newKey, r)
	return s.Save()
}

// End signs the browser out: the session is gone in the store and the cookie cleared. Without a session it does nothing but
// clear the cookie.
func End(c *gin.Context) error {
	s := sessions.Default(c)
	s.Delete(newKey)
	return s.Save()
}

type valueKey int

const (
	currentKey valueKey = iota // the Current that was loaded, or the error that stood in the way
	newKey                     // a Record that is to start
)

// cookieStore is gin-contrib's store: it turns cookies into keys and back. What was loaded is never written again, so a handler
// cannot overwrite tokens that a parallel request has refreshed.
type cookieStore struct {
	store  Store
	secure bool
}

// Options implements sessions.Store; the attributes of the cookie are fixed.
func (*cookieStore) Options(sessions.Options) {}

// New implements gorilla's Store.
func (s *cookieStore) New(r *http.Request, name string) (*gorilla.Session, error) {
	return s.Get(r, name)
}

// Get implements gorilla's Store: it gives what the store has for the request's cookie, or the store's error, as a value.
func (s *cookieStore) Get(r *http.Request, name string) (*gorilla.Session, error) {
	session := gorilla.NewSession(s, name)
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 { // of several, one may have been planted by a neighbour on this host
		return session, nil
	}
	key := keyOf(cookies[0].Value)
	record, err := s.store.Load(r.Context(), key)
	if err != nil {
		session.Values[currentKey] = fmt.Errorf("load session: %w", err)
	} else {
		session.Values[currentKey] = Current{Record: record, Key: key}
	}
	return session, nil
}

// Save implements gorilla's Store. A new record starts a session under a new id; none ends the session that was loaded.
func (s *cookieStore) Save(r *http.Request, w http.ResponseWriter, session *gorilla.Session) error {
	for _, cookie := range r.CookiesNamed(session.Name()) {
		// Also for a client that hangs up now: what it wanted ended must not live on.
		if err := s.store.Delete(context.WithoutCancel(r.Context()), keyOf(cookie.Value)); err != nil {
			return fmt.Errorf("delete session: %w", err)
		}
	}
	record, start := session.Values[newKey].(Record)
	if !start {
		http.SetCookie(w, s.cookie(session.Name(), "", -1))
		return nil
	}
	id, err := s.create(r.Context(), record)
	if err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	http.SetCookie(w, s.cookie(session.Name(), id, 0))
	return nil
}

func (s *cookieStore) create(ctx context.Context, record Record) (string, error) {
	var raw [32]byte
	rand.Read(raw[:])
	id := base64.RawURLEncoding.EncodeToString(raw[:])
	return id, s.store.Create(ctx, keyOf(id), record)
}

// cookie has no Domain and no lifetime of its own: the server ends sessions. SameSite=Lax keeps it out of cross-site posts and
// lets it come along when a link leads here. Clearing a __Host- cookie repeats Secure and Path, or browsers keep it.
func (s *cookieStore) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, MaxAge: maxAge,
		Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}

func keyOf(id string) Key { return sha256.Sum256([]byte(id)) }
