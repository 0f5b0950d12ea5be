package session

import (
	"sync"
	"sync/atomic"
	"time"
)

// marks are texts that are taken for a time: spent ones, and claims. There are never many more than limit of them.
type marks struct {
	limit int
	taken sync.Map // string → *mark
	count atomic.Int64
	sweep sync.Mutex
}

type mark struct{ ends time.Time }

// take gives the caller's mark, or nil while somebody else's lasts.
func (m *marks) take(text string, now time.Time, d time.Duration) *mark {
	mine := &mark{now.Add(d)}
	if m.count.Add(1) > int64(m.limit) {
		m.drop(now)
	}
	v, taken := m.taken.LoadOrStore(text, mine)
	if !taken {
		return mine
	}
	m.count.Add(-1)
	if now.Before(v.(*mark).ends) || !m.taken.CompareAndSwap(text, v, mine) {
		return nil
	}
	return mine
}

// release takes a mark away before its time, unless it is another one by now.
func (m *marks) release(text string, mine *mark) {
	if m.taken.CompareAndDelete(text, mine) {
		m.count.Add(-1)
	}
}

// drop forgets marks whose time is over, and all of them if that makes little room: what they guard against is guarded by the identity
// server and by compare-and-swap as well, unbounded memory is guarded by nothing.
func (m *marks) drop(now time.Time) {
	m.sweep.Lock()
	defer m.sweep.Unlock()
	if m.count.Load() <= int64(m.limit) {
		return
	}
	forget := func(all bool) {
		m.taken.Range(func(k, v any) bool {
			if all || !now.Before(v.(*mark).ends) {
				m.release(k.(string), v.(*mark))
			}
			return true
		})
	}
	if forget(false); m.count.Load() > int64(m.limit)*9/10 { // or the next ones sweep again
		forget(true)
	}
}
