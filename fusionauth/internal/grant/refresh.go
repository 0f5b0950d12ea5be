package grant

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Refresh is a refresh token: its id stays the same for life, its value may change with every use.
type Refresh struct {
	ID            string
	Login         Login
	ApplicationID string
	Scope         []string
	Grants        []string // the grants that led to it, as the token header gty tells
	Created       time.Time
	Expires       time.Time
	value         digest
}

// RefreshTokens are the refresh tokens in force.
type RefreshTokens struct {
	mu      sync.Mutex
	now     func() time.Time
	byID    map[string]Refresh
	byValue map[digest]string
}

// NewRefreshTokens returns an empty set of tokens.
func NewRefreshTokens(now func() time.Time) *RefreshTokens {
	return &RefreshTokens{now: now, byID: map[string]Refresh{}, byValue: map[digest]string{}}
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
}

// Find gives the token of that value while it is in force.
func (r *RefreshTokens) Find(value string) (Refresh, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(r.byValue[digestOf(value)])
}

// FindID gives the token of that id while it is in force.
func (r *RefreshTokens) FindID(id string) (Refresh, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(id)
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

// Use renews a token: with once its value is replaced, so that of two uses of one value only one succeeds; with sliding it lives
// for ttl from now. The value to hand out is returned.
func (r *RefreshTokens) Use(value string, once, sliding bool, ttl time.Duration) (Refresh, string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.find(r.byValue[digestOf(value)])
	if !ok {
		return Refresh{}, "", false
	}
	if sliding {
		t.Expires = r.now().Add(ttl)
	}
	if once {
		delete(r.byValue, t.value)
		value = secret()
		t.value = digestOf(value)
		r.byValue[t.value] = t.ID
	}
	r.byID[t.ID] = t
	return t, value, true
}

// Revoke ends every token that which picks, and reports how many.
func (r *RefreshTokens) Revoke(which func(Refresh) bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	revoked := 0
	for _, t := range maps.Clone(r.byID) {
		if which(t) {
			r.drop(t)
			revoked++
		}
	}
	return revoked
}

// RevokeID ends the token of that id.
func (r *RefreshTokens) RevokeID(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.find(id)
	if ok {
		r.drop(t)
	}
	return ok
}
