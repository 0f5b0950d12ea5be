package openload_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"storefront/e2e/internal/openload"
)

// sleep takes that long, on the clock of the test.
func sleep(d time.Duration) func(context.Context, int) error {
	return func(context.Context, int) error {
		time.Sleep(d)
		return nil
	}
}

func run(t testing.TB, p openload.Plan, ask func(context.Context, int) error) openload.Result {
	t.Helper()
	r, err := openload.Run(t.Context(), p, ask)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun_asksByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var late atomic.Int64
		r := run(t, openload.Plan{Rate: 500, Length: 10 * time.Second, Connections: 2}, func(_ context.Context, n int) error {
			if due := time.Duration(n) * 2 * time.Millisecond; time.Since(began) != due {
				late.Add(1)
			}
			time.Sleep(3 * time.Millisecond) // the one before is still under way
			return nil
		})
		if late.Load() != 0 || r.Answered != 5000 || r.Offered != 500 || r.P50 != 3*time.Millisecond || r.P99 != r.P50 || r.Max != r.P50 || r.Failed != 0 {
			t.Errorf("%d late; %+v", late.Load(), r)
		}
		if r.Achieved < 499.9 || r.Achieved > 500 {
			t.Errorf("achieved %f", r.Achieved)
		}
	})
}

// A server that does nothing for two of sixty seconds makes everybody wait who came meanwhile. Who asks one after the other notices a
// single slow request there.
func TestRun_chargesAStallToAllWhoCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stall := func(context.Context, int) error {
			if at := time.Since(began); at >= 30*time.Second && at < 32*time.Second {
				time.Sleep(32*time.Second - at)
			}
			time.Sleep(time.Millisecond)
			return nil
		}
		r := run(t, openload.Plan{Rate: 100, Length: time.Minute, Connections: 256}, stall)
		// 200 of 6000 wait, the first for two seconds: the 60 slowest for more than 1.4.
		if r.P50 != time.Millisecond || r.P99 < 1390*time.Millisecond || r.P99 > 1420*time.Millisecond || r.Max != 2001*time.Millisecond || r.Failed != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// pausing is a context that stops whoever looks at it for a second, once, as a machine does that has other things to do.
type pausing struct {
	context.Context
	looks atomic.Int64
}

func (p *pausing) Done() <-chan struct{} {
	if p.looks.Add(1) == 500 {
		time.Sleep(time.Second)
	}
	return p.Context.Done()
}

// Who asks too late counts from when it was due: what this program is late looks like the server's fault, and not like nothing.
func TestRun_countsFromWhenItWasDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, err := openload.Run(&pausing{Context: t.Context()}, openload.Plan{Rate: 100, Length: 10 * time.Second, Connections: 1000}, sleep(time.Millisecond))
		if err != nil || r.Answered != 1000 || r.P50 != time.Millisecond || r.Max != 991*time.Millisecond || r.P99 < 890*time.Millisecond {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Those who find no connection have not been answered, and are not forgotten.
func TestRun_countsWhoCannotLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, openload.Plan{Rate: 100, Length: 10 * time.Second, Connections: 5}, sleep(100*time.Millisecond-time.Nanosecond))
		if r.Answered != 500 || r.Failed != 500 || !errors.Is(r.Failure, openload.ErrCrowded) || r.Offered != 100 {
			t.Errorf("%+v", r)
		}
		if r.Achieved < 49 || r.Achieved > 50 {
			t.Errorf("achieved %f of %f", r.Achieved, r.Offered)
		}
	})
}

// A server that falls further behind with each request answers them all, and achieves less than was offered.
func TestRun_achievedIsOverTheTimeThatItTook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := make(chan struct{}, 1)
		r := run(t, openload.Plan{Rate: 100, Length: 10 * time.Second, Connections: 1000}, func(context.Context, int) error {
			one <- struct{}{}
			defer func() { <-one }()
			time.Sleep(20 * time.Millisecond)
			return nil
		})
		if r.Answered != 1000 || r.Failed != 0 || r.Achieved < 49 || r.Achieved > 51 || r.Max < 9*time.Second {
			t.Errorf("%+v", r)
		}
	})
}

func TestRun_failures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := errors.New("answered 503")
		r := run(t, openload.Plan{Rate: 10, Length: time.Second, Connections: 5}, func(_ context.Context, n int) error {
			switch {
			case n == 3:
				return first
			case n > 7:
				return errors.New("another")
			}
			return nil
		})
		if r.Answered != 7 || r.Failed != 3 || !errors.Is(r.Failure, first) {
			t.Errorf("%+v", r)
		}
	})
}

func TestRun_ends(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := openload.Run(ctx, openload.Plan{Rate: 10, Length: time.Hour, Connections: 5}, func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
	for _, p := range []openload.Plan{{Length: 1, Connections: 1}, {Rate: 1, Connections: 1}, {Rate: 1, Length: 1}} {
		if _, err := openload.Run(t.Context(), p, nil); err == nil {
			t.Errorf("Run(%+v) = nil error", p)
		}
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	bound := openload.Bound{P99: 20 * time.Millisecond, Share: 0.99}
	good := openload.Result{Offered: 500, Achieved: 499, Answered: 100, P99: 19 * time.Millisecond}
	if err := bound.Judge(good); err != nil {
		t.Errorf("Judge(%+v) = %v", good, err)
	}
	for want, change := range map[string]func(*openload.Result){
		"p99 is 20ms":            func(r *openload.Result) { r.P99 = 20 * time.Millisecond },
		"achieved 494.9":         func(r *openload.Result) { r.Achieved = 494.9 },
		"1 requests failed: boo": func(r *openload.Result) { r.Failed, r.Failure = 1, errors.New("boo") },
		"p99":                    func(r *openload.Result) { r.Answered, r.P99 = 0, 0 },
	} {
		bad := good
		change(&bad)
		if err := bound.Judge(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Judge(%+v) = %v, want %q", bad, err, want)
		}
	}
}
