package idp

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"sync/atomic"

	"storefront/fusionauth/internal/kickstart"
)

// directory knows the users by id and by e-mail, and their passwords as hashes only.
type directory struct {
	byID    map[string]*user
	byEmail map[string]string
	nobody  hashed // compared when there is no such user, so that both take the same time
}

type user struct {
	kickstart.User
	password hashed
	locked   atomic.Bool // deactivated: the account is there, and nobody gets in
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
	u, known := d.byID[d.byEmail[strings.ToLower(email)]]
	if !known {
		d.nobody.matches(password)
		return nil, false
	}
	return u, u.password.matches(password)
}

// registration gives the registration of a user with an application.
func (u *user) registration(applicationID string) (kickstart.Registration, bool) {
	i := slices.IndexFunc(u.Registrations, func(r kickstart.Registration) bool { return r.ApplicationID == applicationID })
	if i < 0 {
		return kickstart.Registration{}, false
	}
	return u.Registrations[i], true
}
