package idp

import (
	"net"
	"net/http"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/kickstart"
	"storefront/fusionauth/internal/webhook"
)

// infoOf says who asks for what will be an event. The address is the peer's: what a client says of itself decides nothing.
func infoOf(r *http.Request) webhook.Info {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return webhook.Info{IPAddress: host, UserAgent: r.UserAgent()}
}

// tellToken says that one refresh token has been revoked.
func (h *Handler) tellToken(by webhook.Info, token grant.Refresh) {
	h.webhooks.Send(webhook.Event{
		Type: kickstart.EventRefreshTokenRevoke, Info: by, ApplicationID: token.ApplicationID, UserID: token.Login.UserID,
		User: h.told(token.Login.UserID), RefreshToken: h.refreshJSON(token),
		ApplicationTimeToLive: h.timesToLive(token.ApplicationID),
	})
}

// tellUserTokens says that all refresh tokens of a user have been revoked, or with an application those that it has of the user. It
// says so too when there was none to revoke: access tokens that came without one are meant as well.
func (h *Handler) tellUserTokens(by webhook.Info, u *user, applicationID string, revoked []grant.Refresh) {
	applications := []string{applicationID}
	if applicationID == "" {
		for _, t := range revoked {
			applications = append(applications, t.ApplicationID)
		}
		for _, r := range u.Registrations {
			applications = append(applications, r.ApplicationID)
		}
	}
	h.webhooks.Send(webhook.Event{
		Type: kickstart.EventRefreshTokenRevoke, Info: by, ApplicationID: applicationID, UserID: u.ID, User: h.userJSON(u),
		ApplicationTimeToLive: h.timesToLive(applications...),
	})
}

// tellApplicationTokens says that all refresh tokens of an application have been revoked.
func (h *Handler) tellApplicationTokens(by webhook.Info, applicationID string) {
	h.webhooks.Send(webhook.Event{
		Type: kickstart.EventRefreshTokenRevoke, Info: by, ApplicationID: applicationID,
		ApplicationTimeToLive: h.timesToLive(applicationID),
	})
}

// told is a user as events show one; nil, which leaves the member out, for none.
func (h *Handler) told(userID string) any {
	u, known := h.users.find(userID)
	if !known {
		return nil
	}
	return h.userJSON(u)
}

// timesToLive gives how long access tokens of each application live, in seconds.
func (h *Handler) timesToLive(applicationIDs ...string) map[string]int {
	times := map[string]int{}
	for _, id := range applicationIDs {
		if app, known := h.applications[id]; known {
			times[id] = int(app.JWT.AccessTokenTTL / time.Second)
		}
	}
	return times
}

// tellUser says what has become of a user.
func (h *Handler) tellUser(by webhook.Info, kind string, u *user) {
	h.webhooks.Send(webhook.Event{Type: kind, Info: by, User: h.userJSON(u)})
}

// tellRegistration says what has become of a registration; original is nil unless it was changed.
func (h *Handler) tellRegistration(by webhook.Info, kind string, u *user, now kickstart.Registration, original any) {
	h.webhooks.Send(webhook.Event{
		Type: kind, Info: by, ApplicationID: now.ApplicationID, User: h.userJSON(u), Registration: registrationOf(now), Original: original,
	})
}
