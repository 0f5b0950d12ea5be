package auth

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"storefront/shared/fresh"
)

// When a key set is fetched again. A token's kid cannot make it more often than once in unknownPause, whatever the load;
// while there are no keys at all, a second is the pause that the 503 asks clients to make too.
const (
	unknownPause = 10 * time.Second
	emptyPause   = time.Second
	staleLimit   = time.Minute     // how long after it is due a set is used without waiting for the next
	defaultFresh = 5 * time.Minute // where the answer has no max-age
	minFresh     = 30 * time.Second
	maxFresh     = time.Hour
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
	r.byID = fresh.New(fresh.Config[map[string][]Key]{
		Fetch: r.fetch, Pause: unknownPause, EmptyPause: emptyPause, Patience: staleLimit, Now: r.now,
	})
	return r
}

type remoteKeys struct {
	locate  Locator
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	byID    *fresh.Value[map[string][]Key]
	address string // where the last good set was; belongs to fetch, of which there is one at a time
}

// Keys implements [KeySet]. A token without kid names no published key and is not worth a fetch. When a good set lacks
// the kid, the token is refused; when the set cannot be had, nothing is known about it.
func (r *remoteKeys) Keys(ctx context.Context, kid string) ([]Key, error) {
	if kid == "" {
		return nil, nil
	}
	byID, err := r.byID.Get(ctx, func(byID map[string][]Key) bool { return len(byID[kid]) > 0 })
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return byID[kid], nil
}

func (r *remoteKeys) fetch(ctx context.Context) (fresh.Fetched[map[string][]Key], error) {
	now := r.now()
	keys, age, err := r.get(ctx)
	if err != nil {
		r.address = ""
		r.log.Warn("key set cannot be fetched", "err", err)
		return fresh.Fetched[map[string][]Key]{}, fmt.Errorf("fetch key set: %w", err)
	}
	return fresh.Fetched[map[string][]Key]{Value: keys, Due: now.Add(age)}, nil
}

func (r *remoteKeys) get(ctx context.Context) (map[string][]Key, time.Duration, error) {
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
