package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"storefront/e2e/internal/stack"
)

// Kill is what became of the requests that flowed while a process was killed and started again.
type Kill struct {
	Process string
	Seen    []map[Outcome]int // as Probes
	Back    time.Duration     // from when the new process was ready until all was well; 0 when it never was
}

// asked is how often every request is made before the death, and again before the restart.
const asked = 5

// askedEvery is how often each of the requests is made: a load, and no flood that would slow itself down.
const askedEvery = 20 * time.Millisecond

// victim is a process that can die.
type victim struct {
	name  string
	kill  func() error
	start func(context.Context) error
}

// The names of those that are not called as the stack calls them.
const (
	oneGateway     = "gateway, one of two"
	identityServer = "identity server"
	redisServer    = "Redis"
	postgresServer = "PostgreSQL"
)

func (s *system) victims() []victim {
	service := func(name, service, line string) victim {
		return s.lined(line, victim{
			name, func() error { return s.stack.Kill(service) }, func(ctx context.Context) error { return s.stack.Restart(ctx, service) },
		})
	}
	store := func(name string, at *server, line string) victim {
		return s.lined(line, victim{name, func() error { at.kill(); return nil }, at.start})
	}
	return []victim{
		service(oneGateway, stack.Gateway, toGateway), service(stack.Catalog, stack.Catalog, toCatalog),
		service(stack.Inventory, stack.Inventory, toInventory), service(identityServer, stack.Identity, toIdentity),
		store(redisServer, s.redis, toRedis), store(postgresServer, s.postgres, toPostgres),
	}
}

// lined takes the line away with the process behind it: where nobody listens, a line would still take connections.
func (s *system) lined(name string, v victim) victim {
	l := s.line(name)
	return victim{
		v.name,
		func() error { return errors.Join(v.kill(), l.spoil(Fault{})) },
		func(ctx context.Context) error { return errors.Join(v.start(ctx), l.mend()) },
	}
}

func (s *system) killAll(ctx context.Context, cfg Config) ([]Kill, error) {
	var kills []Kill
	for _, v := range s.victims() {
		k, err := s.killOne(ctx, cfg, v)
		if err != nil {
			return kills, fmt.Errorf("kill %s: %w", v.name, err)
		}
		_, _ = fmt.Fprintf(cfg.Log, "kill -9 %-22s %v back after %s\n", v.name, k.Seen, k.Back.Round(time.Millisecond))
		kills = append(kills, k)
	}
	return kills, nil
}

func (s *system) killOne(ctx context.Context, cfg Config, v victim) (Kill, error) {
	l := newLoad(ctx, s.balanced)
	err := errors.Join(l.await(ctx, asked), v.kill(), l.await(ctx, asked))
	if err := errors.Join(err, v.start(ctx)); err != nil {
		l.stop()
		return Kill{}, err
	}
	back := s.balanced.recover(ctx, cfg.Within)
	return Kill{v.name, l.stop(), back}, ctx.Err()
}

// load makes every request again and again, each in a loop of its own.
type load struct {
	cancel context.CancelFunc
	loops  sync.WaitGroup
	mu     sync.Mutex
	seen   []map[Outcome]int
	grown  chan struct{} // closed and replaced with every outcome
}

func newLoad(ctx context.Context, v *visitor) *load {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{cancel: cancel, grown: make(chan struct{})}
	for i, p := range Probes() {
		l.seen = append(l.seen, map[Outcome]int{})
		l.loops.Go(func() { l.loop(ctx, v, i, p) })
	}
	return l
}

func (l *load) loop(ctx context.Context, v *visitor, i int, p Probe) {
	tick := time.NewTicker(askedEvery)
	defer tick.Stop()
	for {
		within, done := context.WithTimeout(ctx, patience)
		outcome := p.ask(within, v)
		done()
		if ctx.Err() != nil {
			return // it was we who ended the request
		}
		l.count(i, outcome)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *load) count(probe int, o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[probe][o]++
	close(l.grown)
	l.grown = make(chan struct{})
}

// await returns when each request has been made n times more, the one under way not counted.
func (l *load) await(ctx context.Context, n int) error {
	first, _ := l.totals()
	for {
		now, grown := l.totals()
		if enough(first, now, n+1) {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func enough(first, now []int, n int) bool {
	for i := range now {
		if now[i]-first[i] < n {
			return false
		}
	}
	return true
}

func (l *load) totals() ([]int, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	totals := make([]int, len(l.seen))
	for i, outcomes := range l.seen {
		for _, n := range outcomes {
			totals[i] += n
		}
	}
	return totals, l.grown
}

func (l *load) stop() []map[Outcome]int {
	l.cancel()
	l.loops.Wait()
	return l.seen
}
