package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"storefront/fusionauth/internal/kickstart"
)

// signatureHeader holds the JWT by which a receiver knows that the body is ours and whole.
const signatureHeader = "X-FusionAuth-Signature-JWT"

// maxAnswer is how much of an answer is read, so that the connection can be used again.
const maxAnswer = 64 << 10

// message is an event that waits to be delivered.
type message struct {
	id, kind string
	body     []byte
}

// receiver is one webhook with what waits for it. One goroutine delivers, so events arrive in the order in which they happened.
type receiver struct {
	hook    kickstart.Webhook
	sign    Sign
	pauses  []time.Duration
	client  *http.Client
	waiting chan message
	log     *slog.Logger
}

func newReceiver(hook kickstart.Webhook, cfg Config) *receiver {
	dialer := net.Dialer{Timeout: hook.ConnectTimeout}
	return &receiver{
		hook: hook, sign: cfg.Sign, pauses: cfg.Pauses, waiting: make(chan message, maxWaiting), log: cfg.Log.With("webhook", hook.ID),
		client: &http.Client{
			Timeout:   hook.ConnectTimeout + hook.ReadTimeout,
			Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: hook.ConnectTimeout, ResponseHeaderTimeout: hook.ReadTimeout},
			// An event is for the URL of the kickstart and for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// take queues a message. When too many wait this one is lost: whoever revokes a token must not have to wait for a webhook.
func (r *receiver) take(m message) {
	select {
	case r.waiting <- m:
	default:
		r.log.Warn("webhook event dropped", "event", m.kind, "event_id", m.id, "waiting", maxWaiting)
	}
}

func (r *receiver) run(ctx context.Context) {
	defer r.client.CloseIdleConnections()
	for ctx.Err() == nil {
		select {
		case m := <-r.waiting:
			r.deliver(ctx, m)
		case <-ctx.Done():
		}
	}
	r.flush(context.WithoutCancel(ctx))
}

// flush gives what still waits one attempt each.
func (r *receiver) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastCall)
	defer cancel()
	for {
		select {
		case m := <-r.waiting:
			r.report(ctx, m, 1, r.post(ctx, m))
		default:
			return
		}
	}
}

// deliver tries until the receiver has taken the message or the attempts are used up. The end of ctx cuts the waiting between
// attempts short, not an attempt: the event happened before it.
func (r *receiver) deliver(ctx context.Context, m message) {
	var err error
	attempts := 0
	for {
		err = r.post(context.WithoutCancel(ctx), m)
		attempts++
		if err == nil || attempts > len(r.pauses) || ctx.Err() != nil {
			break
		}
		wait(ctx, r.pauses[attempts-1])
	}
	r.report(ctx, m, attempts, err)
}

func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// report logs how it went; neither body nor answer, which are about people.
func (r *receiver) report(ctx context.Context, m message, attempts int, err error) {
	if err == nil {
		r.log.DebugContext(ctx, "webhook event delivered", "event", m.kind, "event_id", m.id, "attempts", attempts)
		return
	}
	r.log.WarnContext(ctx, "webhook event not delivered", "event", m.kind, "event_id", m.id, "attempts", attempts, "err", err)
}

// post is one attempt.
func (r *receiver) post(ctx context.Context, m message) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.hook.URL, bytes.NewReader(m.body))
	if err != nil {
		return errors.New("the URL cannot be asked")
	}
	request.Header.Set("Content-Type", "application/json")
	if r.hook.SigningKeyID != "" {
		signature, err := r.signature(m.body)
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		request.Header.Set(signatureHeader, signature)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the answer is %d", response.StatusCode)
	}
	return nil
}

// signature is a JWT of the body's hash: SHA-256 in the standard base64, padded, as FusionAuth's page on signed webhooks has it.
func (r *receiver) signature(body []byte) (string, error) {
	sum := sha256.Sum256(body)
	return r.sign(r.hook.SigningKeyID, map[string]any{"request_body_sha256": base64.StdEncoding.EncodeToString(sum[:])})
}

// withoutURL drops the URL from an error of net/http: its query may hold what opens the receiver.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
