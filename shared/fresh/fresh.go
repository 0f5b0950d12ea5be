// Package fresh keeps a value that is fetched over the network and grows old: a key set, a token. Whoever needs it gets what
// is there; it is renewed before that is too old, by one fetch at a time, however many ask:
//
//	age:   0 ──────────── due ─────────── due + Patience ─────────────── until
//	       as it is       renewed in the  waited for, unless the last    gone: waited
//	                      background      fetch has failed               for, or an error
//
// A fetch that fails changes nothing about the value. The first one happens when somebody first asks, so that processes
// start in any order. Nothing runs between requests.
package fresh

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Config says how a value is fetched and how often. Fetch is required.
type Config[T any] struct {
	// Fetch gets the value. It has no request's context, since it serves many, and so must bound its own time.
	Fetch func(context.Context) (Fetched[T], error)
	// Pause lies between two fetches, whatever the load; EmptyPause while there is no value that can be used.
	Pause, EmptyPause time.Duration
	// Patience is how long after it is due a value is used without waiting for the next.
	Patience time.Duration
	Now      func() time.Time // nil means time.Now
}

// Fetched is a value and its times.
type Fetched[T any] struct {
	Value T
	Due   time.Time // when it is to be renewed
	Until time.Time // when it is of no use any more; zero is never
}

// Value is the newest value that could be had. It is safe for concurrent use; on the way of a value that is fresh there is
// one pointer to read and no lock.
type Value[T any] struct {
	cfg     Config[T]
	latest  atomic.Pointer[state[T]]
	flight  singleflight.Group
	renewal atomic.Bool // one is under way in the background
}

// state is what was known after one fetch. It never changes.
type state[T any] struct {
	Fetched[T]
	present bool      // a fetch has succeeded
	tried   time.Time // when the last fetch began
	err     error     // of the last fetch
}

// New returns a Value that nobody has asked for yet.
func New[T any](cfg Config[T]) *Value[T] {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &Value[T]{cfg: cfg}
	v.latest.Store(&state[T]{})
	return v
}

// Get returns the value. One that accept does not take is fetched anew if the pause allows; when that succeeds the value is
// returned whatever accept says, since there is no better one.
func (v *Value[T]) Get(ctx context.Context, accept func(T) bool) (T, error) {
	s, now := v.latest.Load(), v.cfg.Now()
	does := s.usable(now) && accept(s.Value)
	switch {
	case does && now.Before(s.Due), v.rests(s, now):
	case does && (s.err != nil || now.Before(s.Due.Add(v.cfg.Patience))):
		v.renew()
	default:
		var err error
		if s, err = v.wait(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return s.answer(now, accept)
}

func (s *state[T]) answer(now time.Time, accept func(T) bool) (none T, err error) {
	switch {
	case s.usable(now) && (s.err == nil || accept(s.Value)):
		return s.Value, nil
	case s.err != nil:
		return none, s.err
	default:
		return none, errNone
	}
}

// errNone: the value has ended, and it is too early to ask for one again.
var errNone = errors.New("what was fetched has ended already")

func (s *state[T]) usable(now time.Time) bool {
	return s.present && (s.Until.IsZero() || now.Before(s.Until))
}

// rests reports whether the last fetch is too recent for another one.
func (v *Value[T]) rests(s *state[T], now time.Time) bool {
	pause := v.cfg.EmptyPause
	if s.usable(now) {
		pause = v.cfg.Pause
	}
	return now.Before(s.tried.Add(pause))
}

// renew fetches in the background: the requests that notice do not wait.
func (v *Value[T]) renew() {
	if !v.renewal.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer v.renewal.Store(false)
		_, _, _ = v.flight.Do("", func() (any, error) { return v.next(), nil })
	}()
}

// wait shares one fetch among all who need it. It goes on when the request that began it is given up.
func (v *Value[T]) wait(ctx context.Context) (*state[T], error) {
	select {
	case done := <-v.flight.DoChan("", func() (any, error) { return v.next(), nil }):
		return done.Val.(*state[T]), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for fetch: %w", context.Cause(ctx))
	}
}

// next makes the next state.
func (v *Value[T]) next() *state[T] {
	last, now := v.latest.Load(), v.cfg.Now()
	if v.rests(last, now) { // somebody else has just come back
		return last
	}
	s := &state[T]{Fetched: last.Fetched, present: last.present, tried: now}
	if fetched, err := v.cfg.Fetch(context.Background()); err != nil {
		s.err = err
	} else {
		s.Fetched, s.present = fetched, true
	}
	v.latest.Store(s)
	return s
}

// Renewing reports whether the value is being fetched in the background at the moment.
func (v *Value[T]) Renewing() bool { return v.renewal.Load() }
