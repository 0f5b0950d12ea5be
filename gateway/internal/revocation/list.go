package revocation

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"storefront/shared/auth"
)

// MaxListed is how many revocations a List holds; of more than that it drops those that would end soonest anyway.
const MaxListed = 100_000

// List is what is revoked at the moment, as far as this process knows. It is safe for concurrent use.
type List struct {
	log      Log
	logger   *slog.Logger
	now      func() time.Time
	everyone Digest // of the application
	ready    atomic.Bool

	size    atomic.Int64 // of entries: most of the time there are none, and no lock is taken
	mu      sync.RWMutex
	entries map[Digest]*listed
	ends    deadlines
	dropped int       // since warned
	warned  time.Time // when dropping was last logged
}

// listed is the newest revocation of one user, token or application.
type listed struct {
	whom  Digest
	at    int64 // unix seconds
	until time.Time
	place int // in ends
}

// Refuses reports whether what was issued to the principal at this time, a token or a session, was taken back since.
// Zero, for a token that does not say when it was issued, is before everything.
//
// Tokens tell the time in whole seconds (iat), so what was issued in the second of the event is refused too: a login
// within that second has to be done again, where the other way round a thief's token would stay good.
func (l *List) Refuses(p auth.Principal, issued time.Time) bool {
	if l.size.Load() == 0 {
		return false
	}
	user, token := hash(ofUser, p.Subject), hash(ofToken, p.SessionID)
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.covers(&user, issued) || l.covers(&token, issued) || l.covers(&l.everyone, issued)
}

func (l *List) covers(whom *Digest, issued time.Time) bool {
	e, ok := l.entries[*whom]
	return ok && issued.Unix() <= e.at && l.now().Before(e.until)
}

// Ready reports whether the log has been read to its end. Until then, tokens pass that were revoked before this process
// began.
func (l *List) Ready() bool { return l.ready.Load() }

// The pauses between two tries to reach the log.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// Start begins to [List.Run], and returns when the log has been read once, so that nothing is served to what was taken back before this
// process began. A log that is away is not waited for longer than patience: what needs no token must go on.
func (l *List) Start(ctx context.Context, patience time.Duration) {
	go l.Run(ctx)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !l.Ready() && ctx.Err() == nil {
		pause(ctx, readyPause)
	}
	if !l.Ready() {
		l.logger.Warn("revocations of other replicas are not known yet")
	}
}

// readyPause is how often Start looks whether the log has been read.
const readyPause = 5 * time.Millisecond

// Run keeps the list up with the log until ctx ends. While the log is away the list keeps what it knows.
func (l *List) Run(ctx context.Context) {
	place, wait := "", time.Duration(0)
	for ctx.Err() == nil {
		entries, next, err := l.log.Read(ctx, place)
		if err != nil {
			// From the beginning: a server that comes back without its data may count anew.
			place, wait = "", l.retry(ctx, err, wait)
			continue
		}
		if wait > 0 {
			l.logger.Info("revocations of other replicas are read again")
			wait = 0
		}
		for _, e := range entries {
			l.add(e)
		}
		l.tidy()
		l.ready.Store(true)
		place = next
	}
}

// retry pauses, longer than the last time, which is 0 when an outage begins.
func (l *List) retry(ctx context.Context, err error, last time.Duration) time.Duration {
	if last == 0 && ctx.Err() == nil {
		l.logger.Warn("revocations of other replicas cannot be read", "err", err)
	}
	wait := min(max(2*last, firstPause), longestPause)
	pause(ctx, wait)
	return wait
}

// add lists a revocation. Two of the same user or token become one that refuses whatever either would.
func (l *List) add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if !now.Before(e.Until) {
		return
	}
	known, ok := l.entries[e.Whom]
	if !ok {
		known = &listed{whom: e.Whom, at: e.At.Unix(), until: e.Until}
		l.entries[e.Whom] = known
		l.ends.push(known)
	}
	known.at = max(known.at, e.At.Unix())
	if e.Until.After(known.until) {
		known.until = e.Until
		l.ends.moved(known)
	}
	for len(l.entries) > MaxListed {
		l.drop(now)
	}
	l.size.Store(int64(len(l.entries)))
}

// tidy forgets what has ended.
func (l *List) tidy() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for now := l.now(); len(l.ends) > 0 && !now.Before(l.ends[0].until); {
		delete(l.entries, l.ends.pop().whom)
	}
	l.size.Store(int64(len(l.entries)))
}

// drop forgets the revocation that ends first, which may have ended already; if not, an operator should know.
func (l *List) drop(now time.Time) {
	soonest := l.ends.pop()
	delete(l.entries, soonest.whom)
	if !now.Before(soonest.until) {
		return
	}
	l.dropped++
	if now.Sub(l.warned) >= time.Minute {
		l.logger.Warn("too many revocations: those that end soonest are dropped", "dropped", l.dropped, "limit", MaxListed)
		l.dropped, l.warned = 0, now
	}
}
