// Package webhook tells those who asked for it what has happened: it sends events to the webhooks of a kickstart, signed.
//
// Sending is apart from what caused the event: [Sender.Send] never waits, [Sender.Run] delivers, to each webhook in the order of the
// events, with a few attempts each. What cannot be delivered is a warning in the log and no more. An event is sent where both its
// switches are on, the tenant's and the webhook's.
//
//	body    {"event":{"type":"jwt.refresh-token.revoke","id":"…","createInstant":1764000000000, …}}
//	header  X-FusionAuth-Signature-JWT: a JWT with the claim request_body_sha256
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"storefront/fusionauth/internal/kickstart"
)

// Sign makes a JWT of claims with the key of that id.
type Sign func(keyID string, claims map[string]any) (string, error)

// Config is what a Sender needs.
type Config struct {
	TenantID string
	Enabled  []string // the types of events that the tenant lets out
	Webhooks []kickstart.Webhook
	Sign     Sign
	Log      *slog.Logger
	Now      func() time.Time
	// Pauses are the waits before the second attempt and those after it; nil is a quarter of a second, one, and four.
	Pauses []time.Duration
}

// Sender sends events.
type Sender struct {
	cfg       Config
	receivers []*receiver
}

// How much waits for a webhook that is slow or down, and for how long after the end of the server.
const (
	maxWaiting = 256
	lastCall   = 3 * time.Second
)

// New makes a Sender; nothing leaves before Run.
func New(cfg Config) (*Sender, error) {
	if cfg.Sign == nil || cfg.Log == nil || cfg.Now == nil || cfg.TenantID == "" {
		return nil, errors.New("webhook: a tenant, a signer, a log and a clock are required")
	}
	if cfg.Pauses == nil {
		cfg.Pauses = []time.Duration{time.Second / 4, time.Second, 4 * time.Second}
	}
	s := &Sender{cfg: cfg}
	for _, hook := range cfg.Webhooks {
		s.receivers = append(s.receivers, newReceiver(hook, cfg))
	}
	return s, nil
}

// Send hands an event to whoever wants its type. It sets the id, the time and the tenant, and keeps nothing of e.
func (s *Sender) Send(e Event) {
	if !slices.Contains(s.cfg.Enabled, e.Type) {
		return
	}
	e.ID, e.CreateInstant, e.TenantID = newID(), s.cfg.Now().UnixMilli(), s.cfg.TenantID
	body, err := json.Marshal(map[string]Event{"event": e})
	if err != nil {
		panic("webhook: " + err.Error()) // never: what an event holds are strings and numbers
	}
	for _, r := range s.receivers {
		if slices.Contains(r.hook.Events, e.Type) {
			r.take(message{id: e.ID, kind: e.Type, body: body})
		}
	}
}

// Run delivers until ctx ends; then what waits gets one attempt, as far as a few seconds allow.
func (s *Sender) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range s.receivers {
		all.Go(func() { r.run(ctx) })
	}
	all.Wait()
}
