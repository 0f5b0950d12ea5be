// Package openload asks by the clock: request n leaves n/rate seconds after the start, whether or not those before it have been answered, as
// visitors come whether or not a shop is slow. Each is timed from the moment at which it was due, so that a server that stalls is charged for
// everybody who came meanwhile. A load that waits for its answers stops asking just when it matters, and finds a stalling server fast.
package openload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Plan says how much is asked. Every field is required.
type Plan struct {
	Rate        int // requests a second
	Length      time.Duration
	Connections int // how many requests may be under way at once
}

// ErrCrowded is the failure of a request that could not leave when it was due, because so many were under way as there are connections.
var ErrCrowded = errors.New("no connection was free")

// Result is what a load came to. Latencies are those of requests that were answered.
type Result struct {
	Offered, Achieved float64 // requests a second: due, and answered
	Answered, Failed  int
	Failure           error // of the first that failed
	P50, P99, Max     time.Duration
}

// Run sends the requests of a plan and waits for their ends. ask makes the request of that number, and fails where the answer is none or not
// the right one.
func Run(ctx context.Context, p Plan, ask func(ctx context.Context, n int) error) (Result, error) {
	if p.Rate <= 0 || p.Connections <= 0 || p.Length <= 0 {
		return Result{}, fmt.Errorf("no such plan: %+v", p)
	}
	var t tally
	var group sync.WaitGroup
	free := make(chan struct{}, p.Connections)
	requests := int(p.Length.Seconds() * float64(p.Rate))
	began := time.Now()
	for n := range requests {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(p.Rate))
		if !wait(ctx, due) {
			break
		}
		select {
		case free <- struct{}{}:
			group.Go(func() {
				err := ask(ctx, n)
				t.note(time.Since(due), err)
				<-free
			})
		default:
			t.note(0, fmt.Errorf("request %d: %w", n, ErrCrowded))
		}
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return t.result(requests, p.Length, max(time.Since(began), p.Length)), nil
}

// wait returns when it is time, and reports whether it ever was.
func wait(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tally gathers the ends of requests.
type tally struct {
	mu      sync.Mutex
	took    []time.Duration
	failed  int
	failure error
}

func (t *tally) note(took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.took = append(t.took, took)
		return
	}
	if t.failed++; t.failure == nil {
		t.failure = err
	}
}

// result counts over the time that it took: a server that answers later than it was asked achieves less than was offered.
func (t *tally) result(requests int, length, elapsed time.Duration) Result {
	slices.Sort(t.took)
	r := Result{
		Offered: float64(requests) / length.Seconds(), Achieved: float64(len(t.took)) / elapsed.Seconds(),
		Answered: len(t.took), Failed: t.failed, Failure: t.failure,
	}
	if n := len(t.took); n > 0 {
		r.P50, r.P99, r.Max = t.took[n/2], t.took[min(n*99/100, n-1)], t.took[n-1]
	}
	return r
}
