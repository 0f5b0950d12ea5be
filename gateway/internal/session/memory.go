package session

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is the store of a single gateway process: it forgets everything when the process ends. It holds a bounded number of
// sessions and gives up the longest idle ones first. Requests of different sessions share no lock.
type Memory struct {
	now     func() time.Time
	limit   int
	idle    time.Duration
	entries sync.Map // Key → *entry
	count   atomic.Int64
	sweep   sync.Mutex // one sweeper at a time
	users   users
	spent   marks
	claims  marks
}

type entry struct {
	record atomic.Pointer[Record]
	used   atomic.Int64 // unix nanoseconds
}

// DefaultLimit is how many sessions, spent texts and claims a Memory holds at most.
const DefaultLimit = 100_000

// NewMemory returns an empty store of at most limit sessions, which end after idle without use; now nil is time.Now.
func NewMemory(limit int, idle time.Duration, now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, limit: limit, idle: idle, spent: marks{limit: limit}, claims: marks{limit: limit}}
}

// Create implements Store.
func (m *Memory) Create(_ context.Context, key Key, r Record) error {
	if m.count.Add(1) > int64(m.limit) {
		m.evict()
	}
	e := &entry{}
	e.record.Store(&r)
	e.used.Store(m.now().UnixNano())
	m.users.add(r.Subject, key) // first: whoever deletes the entry finds it in the index
	m.entries.Store(key, e)
	return nil
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context, key Key) (Record, error) {
	e, r := m.live(key)
	if e == nil {
		return Record{}, ErrNone
	}
	e.used.Store(m.now().UnixNano())
	return *r, nil
}

// Replace implements Store.
func (m *Memory) Replace(_ context.Context, key Key, r Record) error {
	e, old := m.live(key)
	if e == nil {
		return ErrNone
	}
	if old.Version != r.Version {
		return ErrChanged
	}
	r.Version++
	if !e.record.CompareAndSwap(old, &r) {
		return ErrChanged
	}
	return nil
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, key Key) error {
	if e, loaded := m.entries.LoadAndDelete(key); loaded {
		m.count.Add(-1)
		m.users.remove(e.(*entry).record.Load().Subject, key)
	}
	return nil
}

// OfUser implements Store.
func (m *Memory) OfUser(_ context.Context, subject string) ([]Current, error) {
	var found []Current
	for _, key := range m.users.keys(subject) {
		if e, r := m.live(key); e != nil {
			found = append(found, Current{Record: *r, Key: key})
		}
	}
	slices.SortFunc(found, newestFirst)
	return found, nil
}

func newestFirst(a, b Current) int { return b.Since.Compare(a.Since) }

// Spend implements Store.
func (m *Memory) Spend(_ context.Context, text string, ttl time.Duration) (bool, error) {
	return m.spent.take(text, m.now(), ttl) != nil, nil
}

// Claim implements Store.
func (m *Memory) Claim(_ context.Context, name string, lease time.Duration) (release func(), ok bool, err error) {
	mine := m.claims.take(name, m.now(), lease)
	return func() { m.claims.release(name, mine) }, mine != nil, nil
}

func (m *Memory) live(key Key) (*entry, *Record) {
	v, ok := m.entries.Load(key)
	if !ok {
		return nil, nil
	}
	e := v.(*entry)
	r := e.record.Load()
	if m.ended(e, r) {
		_ = m.Delete(context.Background(), key)
		return nil, nil
	}
	return e, r
}

func (m *Memory) ended(e *entry, r *Record) bool {
	now := m.now()
	return !now.Before(r.Expires) || now.Sub(time.Unix(0, e.used.Load())) >= m.idle
}

// evict makes room: it drops what has ended and then, if that is not enough, the longest idle tenth, so that the next
// many logins find room without another sweep.
func (m *Memory) evict() {
	m.sweep.Lock()
	defer m.sweep.Unlock()
	if m.count.Load() <= int64(m.limit) {
		return
	}
	type idle struct {
		key  Key
		used int64
	}
	var kept []idle
	m.entries.Range(func(k, v any) bool {
		key, e := k.(Key), v.(*entry)
		if m.ended(e, e.record.Load()) {
			_ = m.Delete(context.Background(), key)
		} else {
			kept = append(kept, idle{key, e.used.Load()})
		}
		return true
	})
	surplus := len(kept) - m.limit*9/10
	if surplus <= 0 {
		return
	}
	slices.SortFunc(kept, func(a, b idle) int { return cmp.Compare(a.used, b.used) })
	for _, k := range kept[:surplus] {
		_ = m.Delete(context.Background(), k.key)
	}
}
