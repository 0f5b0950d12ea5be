package revocation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"storefront/shared/problem"
)

// eventsTotal has only labels of the closed sets below, so that no sender can make new series.
var eventsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
	Name: "storefront_webhook_events_total",
	Help: "Messages at the webhook for the identity server, by type of event and what became of them.",
}, []string{"type", "outcome"})

// What becomes of a message.
const (
	applied     = "applied"
	duplicate   = "duplicate"
	ignored     = "ignored" // another type of event, or another application
	unsigned    = "unsigned"
	malformed   = "malformed"
	unavailable = "unavailable"
)

var knownTypes = []string{tokenRevoke, userDeactivate, userDelete, registrationUpdate, registrationDelete}

// refusals says how a message is answered that cannot be dealt with; any error that is not here is our own fault, and the
// sender should try again.
var refusals = []struct {
	err     error
	outcome string
	status  int
	detail  string
}{
	{errUnsigned, unsigned, http.StatusUnauthorized, "The message is not signed by the identity server."},
	{errTooLarge, malformed, http.StatusRequestEntityTooLarge, "The message is too large."},
	{errMediaType, malformed, http.StatusUnsupportedMediaType, "The message must be application/json."},
	{errMalformed, malformed, http.StatusBadRequest, "The message is not an event of FusionAuth."},
}

// Webhook takes the events of FusionAuth. It is safe for concurrent use.
type Webhook struct {
	cfg  Config
	list *List
	seen seen
}

// Receive handles POST /webhooks/fusionauth. An answer of 204 says that the event is dealt with, here and for all replicas
// to know; after a 503 it should be sent again.
func (w *Webhook) Receive(c *gin.Context) {
	e, outcome, err := w.take(c)
	if err != nil {
		outcome = refuse(c, err)
	} else {
		c.Status(http.StatusNoContent)
	}
	w.record(c, e, outcome)
}

// take deals with a message. The event is there as soon as it could be read.
func (w *Webhook) take(c *gin.Context) (event, string, error) {
	body, err := w.signedBody(c)
	if err != nil {
		return event{}, "", err
	}
	e, err := parseEvent(body, w.cfg.ClientID)
	switch {
	case err != nil:
		return event{}, "", fmt.Errorf("%w: %w", errMalformed, err)
	case e.created.After(w.cfg.Now().Add(leeway)):
		return e, "", fmt.Errorf("%w: createInstant is in the future", errMalformed)
	case !e.ours:
		return e, ignored, nil
	case w.seen.has(e.id):
		return e, duplicate, nil
	}
	if err := w.apply(c.Request.Context(), e); err != nil {
		return e, "", err
	}
	w.seen.add(e.id)
	return e, applied, nil
}

// applyTime bounds the work for one event. It goes on when the sender hangs up: there may be no second try.
const applyTime = 5 * time.Second

// apply does all of it, even when a part fails: what was taken back should be refused wherever that can be done.
func (w *Webhook) apply(ctx context.Context, e event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyTime)
	defer cancel()
	life := e.life
	if life == 0 {
		life = w.cfg.MaxTokenLife
	}
	entry := Entry{Whom: e.whom(w.cfg.ClientID), At: e.created, Until: e.created.Add(life + leeway)}
	w.list.add(entry)
	return errors.Join(w.cfg.Log.Append(ctx, entry), w.endSessions(ctx, e))
}

// endSessions leaves those of a whole application to the list, which their next requests ask.
func (w *Webhook) endSessions(ctx context.Context, e event) (err error) {
	switch {
	case e.token != "":
		err = w.cfg.Sessions.EndToken(ctx, e.subject, e.token)
	case e.subject != "":
		err = w.cfg.Sessions.EndUser(ctx, e.subject, e.created)
	}
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// refuse answers with what is wrong, and says what that makes of the message.
func refuse(c *gin.Context, err error) (outcome string) {
	c.Header("Connection", "close") // or net/http would wait for the rest of the body before it answers
	for _, r := range refusals {
		if !errors.Is(err, r.err) {
			continue
		}
		if r.status == http.StatusUnauthorized {
			// RFC 9110 §15.5.2 asks for a challenge, and Bearer is not what would help here.
			c.Header("WWW-Authenticate", SignatureHeader)
		}
		problem.Respond(c, r.status, r.detail, err)
		return r.outcome
	}
	problem.Unavailable(c, "The message cannot be dealt with at the moment.", err)
	return unavailable
}

// record counts every message and logs those that FusionAuth has signed; the access log has the others.
func (w *Webhook) record(c *gin.Context, e event, outcome string) {
	kind := "other"
	switch {
	case e.kind == "":
		kind = "unread"
	case slices.Contains(knownTypes, e.kind):
		kind = e.kind
	}
	eventsTotal.WithLabelValues(kind, outcome).Inc()
	if e.kind != "" {
		w.cfg.Logger.LogAttrs(c.Request.Context(), slog.LevelInfo, "identity event",
			slog.String("type", e.kind), slog.String("event_id", e.id), slog.String("outcome", outcome))
	}
}
