package idp

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/keyring"
)

// ErrNoUser says that there is no user with that id.
var ErrNoUser = errors.New("no such user")

// State is what whoever runs the server may see of it: nothing that opens anything.
type State struct {
	Issuer        string
	Skew          time.Duration
	Users         []UserState
	Sessions      []grant.Session
	RefreshTokens []grant.Refresh
	Keys          []keyring.Entry
	Faults        map[string]Fault // by the path of the route
	Routes        []string         // the paths that can have one
}

// UserState is one user.
type UserState struct {
	ID, Email string
	Active    bool
	Roles     map[string][]string // by application
}

// State gives a picture of the moment.
func (h *Handler) State() State {
	state := State{
		Issuer: h.tenant.Issuer, Skew: time.Duration(h.clock.skew.Load()), Sessions: h.sessions.List(),
		RefreshTokens: h.refresh.List(func(grant.Refresh) bool { return true }), Keys: h.keys.Entries(),
		Faults: h.faults.all(), Routes: h.paths(),
	}
	for _, u := range h.users.byID {
		roles := map[string][]string{}
		for _, r := range u.Registrations {
			roles[h.applications[r.ApplicationID].Name] = r.Roles
		}
		state.Users = append(state.Users, UserState{ID: u.ID, Email: u.Email, Active: !u.locked.Load(), Roles: roles})
	}
	slices.SortFunc(state.Users, func(a, b UserState) int { return strings.Compare(a.ID, b.ID) })
	return state
}

func (f *faults) all() map[string]Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.set)
}

// Revoked counts what [Handler.Revoke] has ended.
type Revoked struct {
	RefreshTokens int `json:"refreshTokens"`
	Sessions      int `json:"sessions"`
}

// Revoke ends everything that a user has been granted: codes, refresh tokens, sessions. Access tokens run out by themselves, as in
// FusionAuth.
func (h *Handler) Revoke(userID string) (Revoked, error) {
	if _, ok := h.users.byID[userID]; !ok {
		return Revoked{}, ErrNoUser
	}
	sessions := h.sessions.EndUser(userID)
	h.codes.RevokeUser(userID)
	tokens := h.refresh.Revoke(func(t grant.Refresh) bool { return t.Login.UserID == userID })
	return Revoked{RefreshTokens: tokens, Sessions: sessions}, nil
}

// SetActive lets a user in or keeps the user out. What has been granted stays, and is worth nothing until the user is let in again.
func (h *Handler) SetActive(userID string, active bool) error {
	u, ok := h.users.byID[userID]
	if !ok {
		return ErrNoUser
	}
	u.locked.Store(!active)
	return nil
}

// Keys are those that sign, for rotation.
func (h *Handler) Keys() *keyring.Ring { return h.keys }

// SetSkew sets this server's clock ahead of the machine's, or behind it.
func (h *Handler) SetSkew(skew time.Duration) { h.clock.skew.Store(int64(skew)) }

// Break makes the endpoint at a path misbehave; the zero Fault mends it.
func (h *Handler) Break(path string, fault Fault) error {
	if !slices.Contains(h.paths(), path) {
		return ErrNoRoute
	}
	if err := fault.check(); err != nil {
		return err
	}
	h.faults.put(path, fault)
	return nil
}
