package idp

import (
	"errors"
	"slices"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/kickstart"
	"storefront/fusionauth/internal/webhook"
)

// Why an account cannot be changed.
var (
	ErrNoUser         = errors.New("no such user")
	ErrNoRegistration = errors.New("the user is not registered for that application")
	ErrNoRole         = errors.New("the application has no such role")
)

// Revoked counts what [Handler.Revoke] has ended.
type Revoked struct {
	RefreshTokens int `json:"refreshTokens"`
	Sessions      int `json:"sessions"`
}

// Revoke ends everything that a user has been granted: codes, refresh tokens, sessions. Access tokens run out by themselves, as in
// FusionAuth; the webhooks hear of it.
func (h *Handler) Revoke(userID string) (Revoked, error) {
	u, known := h.users.find(userID)
	if !known {
		return Revoked{}, ErrNoUser
	}
	return h.revokeAll(webhook.Info{}, u), nil
}

func (h *Handler) revokeAll(by webhook.Info, u *user) Revoked {
	sessions := h.sessions.EndUser(u.ID)
	h.codes.RevokeUser(u.ID)
	tokens := h.refresh.Revoke(func(t grant.Refresh) bool { return t.Login.UserID == u.ID })
	h.tellUserTokens(by, u, "", tokens)
	return Revoked{RefreshTokens: len(tokens), Sessions: sessions}
}

// SetActive lets a user in or keeps the user out, and ends what the user has been granted. A user who is let in again signs in anew.
func (h *Handler) SetActive(userID string, active bool) error {
	return h.setActive(webhook.Info{}, userID, active)
}

func (h *Handler) setActive(by webhook.Info, userID string, active bool) error {
	before, after, err := h.users.change(userID, func(u *user) error {
		u.locked = !active
		return nil
	})
	if err != nil || before.locked == after.locked || active {
		return err
	}
	h.tellUser(by, kickstart.EventUserDeactivate, after)
	h.revokeAll(by, after) // after the lock, so that nothing is granted in between
	return nil
}

// deleteAccount forgets a user and all that the user has been granted.
func (h *Handler) deleteAccount(by webhook.Info, userID string) error {
	u, err := h.users.remove(userID)
	if err != nil {
		return err
	}
	h.tellUser(by, kickstart.EventUserDelete, u)
	h.revokeAll(by, u)
	return nil
}

// SetRoles changes what a user may do in an application. Tokens say so from the next one on.
func (h *Handler) SetRoles(userID, applicationID string, roles []string) error {
	_, err := h.setRoles(webhook.Info{}, userID, applicationID, roles)
	return err
}

func (h *Handler) setRoles(by webhook.Info, userID, applicationID string, roles []string) (kickstart.Registration, error) {
	known := roleNames(h.applications[applicationID])
	before, after, err := h.users.change(userID, func(u *user) error {
		i := u.registrationIndex(applicationID)
		switch {
		case i < 0:
			return ErrNoRegistration
		case slices.ContainsFunc(roles, func(name string) bool { return !slices.Contains(known, name) }):
			return ErrNoRole
		}
		u.Registrations[i].Roles = slices.Compact(slices.Sorted(slices.Values(roles)))
		return nil
	})
	if err != nil {
		return kickstart.Registration{}, err
	}
	old, _ := before.registration(applicationID)
	now, _ := after.registration(applicationID)
	h.tellRegistration(by, kickstart.EventRegistrationUpdate, after, now, registrationOf(old))
	return now, nil
}

// unregister ends a user's registration; the account and what it has been granted stay, and tokens have no roles any more.
func (h *Handler) unregister(by webhook.Info, userID, applicationID string) error {
	before, after, err := h.users.change(userID, func(u *user) error {
		i := u.registrationIndex(applicationID)
		if i < 0 {
			return ErrNoRegistration
		}
		u.Registrations = slices.Delete(u.Registrations, i, i+1)
		return nil
	})
	if err != nil {
		return err
	}
	old, _ := before.registration(applicationID)
	h.tellRegistration(by, kickstart.EventRegistrationDelete, after, old, nil)
	return nil
}

func roleNames(app kickstart.Application) []string {
	names := []string{}
	for _, r := range app.Roles {
		names = append(names, r.Name)
	}
	return names
}
