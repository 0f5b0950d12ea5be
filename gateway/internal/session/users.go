package session

import (
	"slices"
	"sync"
)

// users is the index of a Memory's sessions by subject. Only logins and ends of sessions touch it.
type users struct {
	mu       sync.Mutex
	sessions map[string][]Key
}

func (u *users) add(subject string, key Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sessions == nil {
		u.sessions = make(map[string][]Key)
	}
	u.sessions[subject] = append(u.sessions[subject], key)
}

func (u *users) remove(subject string, key Key) {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := slices.DeleteFunc(u.sessions[subject], func(k Key) bool { return k == key })
	if len(left) == 0 {
		delete(u.sessions, subject)
	} else {
		u.sessions[subject] = left
	}
}

func (u *users) keys(subject string) []Key {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.sessions[subject])
}
