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
	entries sync.Map // Key → *entry
	spent   sync.Map // string → time.Time of its end
	count   atomic.Int64
	spends  atomic.Int64
	sweep   sync.Mutex // one sweeper at a time
}

type entry struct {
	record atomic.Pointer[Record]
	used   atomic.Int64 // unix nanoseconds
}

// DefaultLimit is how many sessions, and how many spent texts, a Memory holds at most.
const DefaultLimit = 100_000

// NewMemory returns an empty store of at most limit sessions; now nil is time.Now.
func NewMemory(limit int, now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, limit: limit}
}

// Create implements Store.
func (m *Memory) Create(_ context.Context, key Key, r Record) error {
	if m.count.Add(1) > int64(m.limit) {
		m.evict()
	}
	e := &entry{}
	e.record.Store(&r)
	e.used.Store(m.now().UnixNano())
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
	if _, loaded := m.entries.LoadAndDelete(key); loaded {
		m.count.Add(-1)
	}
	return nil
}

// Spend implements Store.
func (m *Memory) Spend(_ context.Context, text string, ttl time.Duration) (bool, error) {
	if m.spends.Add(1) > int64(m.limit) {
		m.dropSpent()
	}
	now := m.now()
	old, again := m.spent.LoadOrStore(text, now.Add(ttl))
	if again && now.After(old.(time.Time)) {
		return m.spent.CompareAndSwap(text, old, now.Add(ttl)), nil
	}
	return !again, nil
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
	return !now.Before(r.Expires) || now.Sub(time.Unix(0, e.used.Load())) >= Idle
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

// dropSpent forgets spent texts whose time is over, and all of them if that frees nothing: what they guard against is guarded
// by the identity server as well, unbounded memory is guarded by nothing.
func (m *Memory) dropSpent() {
	m.sweep.Lock()
	defer m.sweep.Unlock()
	now, left := m.now(), int64(0)
	m.spent.Range(func(k, v any) bool {
		if now.After(v.(time.Time)) {
			m.spent.Delete(k)
		} else {
			left++
		}
		return true
	})
	if left >= int64(m.limit) {
		m.spent.Clear()
		left = 0
	}
	m.spends.Store(left)
}
