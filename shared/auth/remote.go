package auth

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// When a key set is fetched again. A token's kid cannot make it more often than once in unknownPause, whatever
// the load; while there are no keys at all, a second is the pause that the 503 asks clients to make too.
const (
	unknownPause = 10 * time.Second
	emptyPause   = time.Second
	defaultFresh = 5 * time.Minute // where the answer has no max-age
	minFresh     = 30 * time.Second
	maxFresh     = time.Hour
	staleLimit   = time.Minute // how long after that keys are used without waiting for the fetch
)

// RemoteConfig is what fetching a key set needs; the zero value is usable.
type RemoteConfig struct {
	TLS *tls.Config      // whom to trust; nil is the system's roots
	Log *slog.Logger     // hears of fetches that fail; nil is nobody
	Now func() time.Time // nil means time.Now
}

// RemoteKeys returns the KeySet that is published where the Locator says. It asks nobody before the first token comes,
// so that services start in any order. Keys are renewed in the background and stay while their host is away; keys that
// a good answer no longer has are gone with it.
func RemoteKeys(locate Locator, cfg RemoteConfig) KeySet {
	r := &remoteKeys{locate: locate, client: newClient(cfg.TLS), log: cfg.Log, now: cfg.Now}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.latest.Store(&snapshot{})
	return r
}

// remoteKeys reads one pointer on the way of a token whose key is known; locks are only met by those who wait.
type remoteKeys struct {
	locate  Locator
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	latest  atomic.Pointer[snapshot]
	flight  singleflight.Group
	renewal atomic.Bool // one is under way in the background
	address string      // belongs to the flight
}

// snapshot is what was known of the set after one fetch. It never changes.
type snapshot struct {
	keys  map[string][]Key // by kid; nil until a fetch has succeeded
	due   time.Time        // when the keys are to be fetched again
	tried time.Time        // when the last fetch began
	err   error            // of the last fetch, wraps ErrUnavailable
}

// rests reports whether the last fetch is too recent for another one.
func (s *snapshot) rests(now time.Time) bool {
	pause := unknownPause
	if s.keys == nil {
		pause = emptyPause
	}
	return now.Before(s.tried.Add(pause))
}

// Keys implements [KeySet]. A token without kid names no published key and is not worth a fetch.
func (r *remoteKeys) Keys(ctx context.Context, kid string) ([]Key, error) {
	if kid == "" {
		return nil, nil
	}
	s, now := r.latest.Load(), r.now()
	known := len(s.keys[kid]) > 0
	switch {
	case known && now.Before(s.due), s.rests(now):
	case known && (s.err != nil || now.Before(s.due.Add(staleLimit))):
		r.renew()
	default:
		var err error
		if s, err = r.wait(ctx); err != nil {
			return nil, err
		}
	}
	if keys := s.keys[kid]; len(keys) > 0 {
		return keys, nil
	}
	return nil, s.err // nil when a good set lacks this kid: the token is refused, not the service away
}

// renew fetches in the background: the requests that notice do not wait.
func (r *remoteKeys) renew() {
	if !r.renewal.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer r.renewal.Store(false)
		_, _, _ = r.flight.Do("", r.next)
	}()
}

// wait shares one fetch among all who need it. It goes on when the request that began it is given up.
func (r *remoteKeys) wait(ctx context.Context) (*snapshot, error) {
	select {
	case done := <-r.flight.DoChan("", r.next):
		return done.Val.(*snapshot), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: wait for key set: %w", ErrUnavailable, context.Cause(ctx))
	}
}

// next makes the next snapshot. A fetch that fails changes nothing about the keys. It has no request's context, since
// it serves many.
func (r *remoteKeys) next() (any, error) {
	last, now := r.latest.Load(), r.now()
	if last.rests(now) { // somebody else has just come back
		return last, nil
	}
	s := &snapshot{keys: last.keys, due: last.due, tried: now}
	keys, fresh, err := r.fetch(context.Background())
	if err != nil {
		s.err = fmt.Errorf("%w: fetch key set: %w", ErrUnavailable, err)
		r.address = ""
		r.log.Warn("key set cannot be fetched", "err", err, "keys_kept", len(s.keys))
	} else {
		s.keys, s.due = keys, now.Add(fresh)
	}
	r.latest.Store(s)
	return s, nil
}

func (r *remoteKeys) fetch(ctx context.Context) (map[string][]Key, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if r.address == "" {
		address, err := r.locate(ctx, r.client)
		if err != nil {
			return nil, 0, err
		}
		r.address = address
	}
	body, header, err := get(ctx, r.client, r.address)
	if err != nil {
		return nil, 0, err
	}
	keys, err := parseJWKS(body)
	return keys, freshness(header), err
}
