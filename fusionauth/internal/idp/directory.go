package idp

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"slices"
	"strings"
	"sync"

	"storefront/fusionauth/internal/kickstart"
)

// directory knows the users by id and by e-mail, and their passwords as hashes only.
type directory struct {
	mu      sync.RWMutex
	byID    map[string]*user
	byEmail map[string]string
	nobody  hashed // compared when there is no such user, so that both take the same time
}

// user is one at one moment: a change makes another, so that whoever has one may read it at leisure.
type user struct {
	kickstart.User
	password hashed
	locked   bool // deactivated: the account is there, and nobody gets in
}

// hashed is a password under salted-pbkdf2-hmac-sha256, FusionAuth's default scheme.
type hashed struct {
	rounds    int
	salt, key []byte
}

const fusionAuthRounds = 24_000

func newDirectory(users []kickstart.User, rounds int) (*directory, error) {
	nobody, err := hashPassword(rand.Text(), rounds)
	d := &directory{byID: map[string]*user{}, byEmail: map[string]string{}, nobody: nobody}
	for _, u := range users {
		var password hashed
		if password, err = hashPassword(string(u.Password), rounds); err != nil {
			return nil, err
		}
		u.Password = ""
		d.byID[u.ID], d.byEmail[u.Email] = &user{User: u, password: password}, u.ID
	}
	return d, err
}

func hashPassword(password string, rounds int) (hashed, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	return hashed{rounds: rounds, salt: salt, key: key}, err
}

func (h hashed) matches(password string) bool {
	key, err := pbkdf2.Key(sha256.New, password, h.salt, h.rounds, sha256.Size)
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

// login gives the user with that e-mail and password; a wrong password and an unknown user cannot be told apart.
func (d *directory) login(email, password string) (*user, bool) {
	d.mu.RLock()
	u, known := d.byID[d.byEmail[strings.ToLower(email)]]
	d.mu.RUnlock()
	if !known {
		d.nobody.matches(password)
		return nil, false
	}
	return u, u.password.matches(password)
}

// find gives the user of that id.
func (d *directory) find(id string) (*user, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	u, known := d.byID[id]
	return u, known
}

// all gives every user, by id.
func (d *directory) all() []*user {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.SortedFunc(maps.Values(d.byID), func(a, b *user) int { return strings.Compare(a.ID, b.ID) })
}

// change puts another user in the place of one, and gives both. do gets a copy, whose registrations are its own.
func (d *directory) change(id string, do func(*user) error) (before, after *user, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, known := d.byID[id]
	if !known {
		return nil, nil, ErrNoUser
	}
	changed := *before
	changed.Registrations = slices.Clone(before.Registrations)
	if err := do(&changed); err != nil {
		return nil, nil, err
	}
	d.byID[id] = &changed
	return before, &changed, nil
}

// remove forgets a user.
func (d *directory) remove(id string) (*user, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u, known := d.byID[id]
	if !known {
		return nil, ErrNoUser
	}
	delete(d.byID, id)
	delete(d.byEmail, u.Email)
	return u, nil
}

// registration gives the registration of a user with an application.
func (u *user) registration(applicationID string) (kickstart.Registration, bool) {
	i := u.registrationIndex(applicationID)
	if i < 0 {
		return kickstart.Registration{}, false
	}
	return u.Registrations[i], true
}

func (u *user) registrationIndex(applicationID string) int {
	return slices.IndexFunc(u.Registrations, func(r kickstart.Registration) bool { return r.ApplicationID == applicationID })
}
