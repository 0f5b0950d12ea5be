package revocation

import "sync"

// maxSeen is how many event ids are remembered: duplicates come within minutes, and do no harm when they come later.
const maxSeen = 10_000

// seen remembers the events that were dealt with; the oldest make room for new ones.
type seen struct {
	mu   sync.Mutex
	ids  map[string]struct{}
	ring []string // in the order in which they came, once around
	next int
}

func (s *seen) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.ids[id]
	return ok
}

func (s *seen) add(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.ids[id]; ok {
		return
	}
	if s.ids == nil {
		s.ids = map[string]struct{}{}
	}
	if len(s.ring) < maxSeen {
		s.ring = append(s.ring, id)
	} else {
		delete(s.ids, s.ring[s.next])
		s.ring[s.next] = id
		s.next = (s.next + 1) % maxSeen
	}
	s.ids[id] = struct{}{}
}
