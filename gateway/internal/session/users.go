package session

import (
	"maps"
	"slices"
	"sync"
)

// users is the index of a Memory's sessions by subject. Only logins and ends of sessions touch it.
type users struct {
	mu       sync.Mutex
	sessions map[string]map[Key]struct{}
}

func (u *users) add(subject string, key Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sessions == nil {
		u.sessions = make(map[string]map[Key]struct{})
	}
	if u.sessions[subject] == nil {
		u.sessions[subject] = make(map[Key]struct{}, 1)
	}
	u.sessions[subject][key] = struct{}{}
}

func (u *users) remove(subject string, key Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.sessions[subject], key)
	if len(u.sessions[subject]) == 0 {
		delete(u.sessions, subject)
	}
}

func (u *users) keys(subject string) []Key {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Collect(maps.Keys(u.sessions[subject]))
}
