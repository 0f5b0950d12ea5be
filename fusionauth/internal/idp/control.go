package idp

import (
	"maps"
	"slices"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/keyring"
)

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
	ID, Email     string
	Active        bool
	Registrations []RegistrationState
}

// RegistrationState is a user as one of an application.
type RegistrationState struct {
	ApplicationID, Application string
	Roles                      []string // that the user has
	Known                      []string // that the application has
}

// State gives a picture of the moment.
func (h *Handler) State() State {
	state := State{
		Issuer: h.tenant.Issuer, Skew: time.Duration(h.clock.skew.Load()), Sessions: h.sessions.List(),
		RefreshTokens: h.refresh.List(func(grant.Refresh) bool { return true }), Keys: h.keys.Entries(),
		Faults: h.faults.all(), Routes: h.paths(),
	}
	for _, u := range h.users.all() {
		state.Users = append(state.Users, h.userState(u))
	}
	return state
}

func (h *Handler) userState(u *user) UserState {
	state := UserState{ID: u.ID, Email: u.Email, Active: !u.locked}
	for _, r := range u.Registrations {
		app := h.applications[r.ApplicationID]
		state.Registrations = append(state.Registrations, RegistrationState{
			ApplicationID: app.ID, Application: app.Name, Roles: r.Roles, Known: roleNames(app),
		})
	}
	return state
}

func (f *faults) all() map[string]Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.set)
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
