// Package revocation knows what the identity server has taken back, and refuses it until it would have expired by itself.
//
// A JWT is good until its exp, whatever happens to its user meanwhile. FusionAuth tells by signed webhooks that a refresh
// token, a user or a registration is gone; the [Webhook] takes the event, ends the sessions concerned, and puts a
// revocation on the [List], which every request asks. Replicas tell each other through a [Log]:
//
//	FusionAuth ── POST /webhooks/fusionauth ──► Webhook ──► List ◄── each request: Refuses
//	                                               │          ▲
//	                                               ├──► Log ──┘ of every replica: Run
//	                                               └──► Sessions
//
// An event says "everything issued before me", so one that comes twice, late or out of order does no harm: it refuses no
// token and ends no session that is younger than itself.
package revocation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"storefront/shared/auth"
)

// MaxTokenLife is the longest that a revocation need be kept: no access token may be good for longer.
const MaxTokenLife = 24 * time.Hour

// leeway is how far the clocks of FusionAuth and ours may be apart. Events from further in the future are refused, and a
// revocation outlives by it the tokens that it is about, since their exp is looked at with some leeway too.
const leeway = time.Minute

// Sessions ends sessions. Both methods may be called again for what has ended already, which is no error.
type Sessions interface {
	// EndUser ends the user's sessions that began before the time.
	EndUser(ctx context.Context, subject string, before time.Time) error
	// EndToken ends the user's session that lives by the refresh token of this id.
	EndToken(ctx context.Context, subject, sessionID string) error
}

// Config says whose events are taken and whom they concern. All but Now and MaxTokenLife is required.
type Config struct {
	// Keys are the public keys of FusionAuth. A shared secret among them would let every service that knows it revoke.
	Keys     auth.KeySet
	ClientID string // the application whose tokens and registrations matter
	Log      Log    // tells the other replicas
	Sessions Sessions
	Logger   *slog.Logger
	Now      func() time.Time // nil means time.Now
	// MaxTokenLife is how long access tokens are good for where the event does not say it; 0 means [MaxTokenLife].
	MaxTokenLife time.Duration
}

// New returns the list of what is revoked, and the webhook that fills it.
func New(cfg Config) (*List, *Webhook, error) {
	if cfg.Keys == nil || cfg.ClientID == "" || cfg.Log == nil || cfg.Sessions == nil || cfg.Logger == nil {
		return nil, nil, errors.New("revocation config: Keys, ClientID, Log, Sessions and Logger are required")
	}
	if cfg.MaxTokenLife < 0 || cfg.MaxTokenLife > MaxTokenLife {
		return nil, nil, errors.New("revocation config: MaxTokenLife is not between 0 and 24 hours")
	}
	if cfg.MaxTokenLife == 0 {
		cfg.MaxTokenLife = MaxTokenLife
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	list := &List{
		log:      cfg.Log,
		logger:   cfg.Logger,
		now:      cfg.Now,
		everyone: hash(ofApplication, cfg.ClientID),
		entries:  map[Digest]*listed{},
	}
	return list, &Webhook{cfg: cfg, list: list}, nil
}
