package webhook

import "github.com/google/uuid"

// Event is what has happened, as FusionAuth's webhooks tell it. Which members an event has depends on its type.
type Event struct {
	ApplicationID string `json:"applicationId,omitempty"`
	// ApplicationTimeToLive is how many seconds an access token of each application can still live: so long a receiver has to
	// refuse those that were issued before CreateInstant.
	ApplicationTimeToLive map[string]int `json:"applicationTimeToLiveInSeconds,omitempty"`
	CreateInstant         int64          `json:"createInstant"` // milliseconds
	ID                    string         `json:"id"`            // the same for every attempt, so that receivers can tell a repetition
	Info                  Info           `json:"info"`
	Original              any            `json:"original,omitempty"` // the registration before an update
	RefreshToken          any            `json:"refreshToken,omitempty"`
	Registration          any            `json:"registration,omitempty"`
	TenantID              string         `json:"tenantId"`
	Type                  string         `json:"type"`
	User                  any            `json:"user,omitempty"`
	UserID                string         `json:"userId,omitempty"`
}

// Info is who has caused an event.
type Info struct {
	IPAddress string `json:"ipAddress,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
}

// newID is the id of an event.
func newID() string { return uuid.NewString() }
