package grant

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// secret gives a new bearer secret of 256 bits.
func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is what a secret is filed under: whoever can time a look-up learns about hashes, not about secrets.
type digest [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

// shelf keeps values until they expire, and at most limit of them: the oldest makes room for the newest, so that no client can
// fill the memory.
type shelf[V any] struct {
	mu      sync.Mutex
	limit   int
	now     func() time.Time
	entries map[digest]*list.Element
	ages    *list.List // of *entry[V], oldest first
}

type entry[V any] struct {
	key     digest
	value   V
	expires time.Time
}

func newShelf[V any](limit int, now func() time.Time) *shelf[V] {
	return &shelf[V]{limit: limit, now: now, entries: map[digest]*list.Element{}, ages: list.New()}
}

// put files value under key, in place of what stood there.
func (s *shelf[V]) put(key digest, value V, ttl time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(key)
	for s.ages.Len() >= s.limit {
		s.drop(s.ages.Front().Value.(*entry[V]).key)
	}
	s.entries[key] = s.ages.PushBack(&entry[V]{key: key, value: value, expires: s.now().Add(ttl)})
}

func (s *shelf[V]) drop(key digest) {
	if e, ok := s.entries[key]; ok {
		s.ages.Remove(e)
		delete(s.entries, key)
	}
}

// get gives the value under key unless it has expired.
func (s *shelf[V]) get(key digest) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(key)
}

func (s *shelf[V]) find(key digest) (V, bool) {
	var none V
	e, ok := s.entries[key]
	if !ok {
		return none, false
	}
	found := e.Value.(*entry[V])
	if !s.now().Before(found.expires) {
		s.drop(key)
		return none, false
	}
	return found.value, true
}

// take gives the value under key and removes it in one step, so that two callers cannot both have it.
func (s *shelf[V]) take(key digest) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.find(key)
	s.drop(key)
	return value, ok
}

// with calls do with the value under key, if there is one, while no one else can reach it.
func (s *shelf[V]) with(key digest, do func(V)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.find(key); ok {
		do(value)
	}
}

// all lists what has not expired, the oldest first.
func (s *shelf[V]) all() []entry[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []entry[V]
	for e := s.ages.Front(); e != nil; e = e.Next() {
		if kept := e.Value.(*entry[V]); s.now().Before(kept.expires) {
			found = append(found, *kept)
		}
	}
	return found
}

// dropAll removes every value that which picks, and reports how many.
func (s *shelf[V]) dropAll(which func(V) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	dropped := 0
	for e := s.ages.Front(); e != nil; {
		next := e.Next()
		if found := e.Value.(*entry[V]); which(found.value) {
			s.drop(found.key)
			dropped++
		}
		e = next
	}
	return dropped
}
