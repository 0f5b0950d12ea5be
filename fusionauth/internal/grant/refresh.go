package grant

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Refresh is a refresh token: its id stays the same for life, its value may change with every use. The value before that is known
// as long as its grace lasts.
type Refresh struct {
	ID            string
	Login         Login
	ApplicationID string
	Scope         []string
	Grants        []string // the grants that led to it, as the token header gty tells
	Created       time.Time
	Expires       time.Time
	value         digest
	previous      digest
	graceUntil    time.Time
}

// Renewal is how a refresh token is renewed.
type Renewal struct {
	Once    bool          // its value is replaced
	Grace   time.Duration // how long the replaced value still works
	Sliding bool          // it lives for TTL from now
	TTL     time.Duration
}

// RefreshTokens are the refresh tokens in force.
type RefreshTokens struct {
	chain   []byte // makes the next value of the one before
	mu      sync.Mutex
	now     func() time.Time
	byID    map[string]Refresh
	byValue map[digest]string
}

// NewRefreshTokens returns an empty set of tokens.
func NewRefreshTokens(now func() time.Time) *RefreshTokens {
	return &RefreshTokens{chain: []byte(secret()), now: now, byID: map[string]Refresh{}, byValue: map[digest]string{}}
}

// Issue makes a token that lives for ttl; ID, Created and Expires of t are set here.
func (r *RefreshTokens) Issue(t Refresh, ttl time.Duration) (Refresh, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.makeRoom()
	value := secret()
	t.ID, t.Created, t.Expires, t.value = newID(), r.now(), r.now().Add(ttl), digestOf(value)
	r.byID[t.ID], r.byValue[t.value] = t, t.ID
	return t, value
}

// makeRoom drops what has expired once the set is full, and the oldest token when that was not enough.
func (r *RefreshTokens) makeRoom() {
	if len(r.byID) < maxRefreshTokens {
		return
	}
	var oldest Refresh
	for _, t := range maps.Clone(r.byID) {
		if !r.now().Before(t.Expires) {
			r.drop(t)
		}
		if oldest.ID == "" || t.Created.Before(oldest.Created) {
			oldest = t
		}
	}
	if len(r.byID) >= maxRefreshTokens {
		r.drop(oldest)
	}
}

func (r *RefreshTokens) drop(t Refresh) {
	delete(r.byID, t.ID)
	delete(r.byValue, t.value)
	delete(r.byValue, t.previous)
}

// Find gives the token of that value while it is in force.
func (r *RefreshTokens) Find(value string) (Refresh, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.findValue(digestOf(value))
}

// FindID gives the token of that id while it is in force.
func (r *RefreshTokens) FindID(id string) (Refresh, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(id)
}

// findValue gives the token whose value has that digest, or had until it was replaced and is in its grace.
func (r *RefreshTokens) findValue(d digest) (Refresh, bool) {
	t, ok := r.find(r.byValue[d])
	if ok && d != t.value && !r.now().Before(t.graceUntil) {
		delete(r.byValue, d)
		return Refresh{}, false
	}
	return t, ok
}

func (r *RefreshTokens) find(id string) (Refresh, bool) {
	t, ok := r.byID[id]
	if ok && !r.now().Before(t.Expires) {
		r.drop(t)
		return Refresh{}, false
	}
	return t, ok
}

// List gives the tokens in force that which picks, the oldest first.
func (r *RefreshTokens) List(which func(Refresh) bool) []Refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Refresh
	for id, t := range maps.Clone(r.byID) {
		if _, ok := r.find(id); ok && which(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b Refresh) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
	return found
}

// Use renews a token and gives the value to hand out. Where values are used once, of many uses of one value only the first
// succeeds, or all of them within its grace: those get the value that the first got (FI#2952).
func (r *RefreshTokens) Use(value string, how Renewal) (Refresh, string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := digestOf(value)
	t, ok := r.findValue(d)
	if !ok {
		return Refresh{}, "", false
	}
	if how.Sliding {
		t.Expires = r.now().Add(how.TTL)
	}
	switch {
	case d != t.value:
		value = r.next(value)
	case how.Once:
		value = r.next(value)
		r.replace(&t, digestOf(value), how.Grace)
	}
	r.byID[t.ID] = t
	return t, value, true
}

// next is the value that replaces another: always the same one, so that it can be handed out again without being kept, and one that
// nobody without the chain's key can tell.
func (r *RefreshTokens) next(value string) string {
	mac := hmac.New(sha256.New, r.chain)
	mac.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// replace gives a token another value. Only the last one before has a grace, so a stolen value does not live on down the chain.
func (r *RefreshTokens) replace(t *Refresh, value digest, grace time.Duration) {
	delete(r.byValue, t.previous)
	t.previous, t.value, t.graceUntil = t.value, value, r.now().Add(grace)
	if grace <= 0 {
		delete(r.byValue, t.previous)
	}
	r.byValue[t.value] = t.ID
}

// Revoke ends every token that which picks, and gives them.
func (r *RefreshTokens) Revoke(which func(Refresh) bool) []Refresh {
	r.mu.Lock()
	defer r.mu.Unlock()
	var revoked []Refresh
	for id := range maps.Clone(r.byID) {
		if t, ok := r.find(id); ok && which(t) {
			r.drop(t)
			revoked = append(revoked, t)
		}
	}
	return revoked
}

// RevokeID ends the token of that id, and gives it.
func (r *RefreshTokens) RevokeID(id string) (Refresh, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.find(id)
	if ok {
		r.drop(t)
	}
	return t, ok
}
