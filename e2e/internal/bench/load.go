package bench

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// sample is one window of one case.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	cpu       time.Duration // per request
	memory    int64         // of the front, at its peak
}

// load sends requests one after the other on each connection, one at least, until the window ends. An answer other than 200 ends the
// measurement: a refusal is cheap, and would make the way that refuses look good.
func load(ctx context.Context, c Case, connections int, window time.Duration) (sample, error) {
	all, err := family(c.PIDs)
	if err != nil {
		return sample{}, err
	}
	front, err := family(c.PIDs[:1])
	if err != nil {
		return sample{}, err
	}
	forgetPeak(front)
	before, err := spent(all)
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	took, err := hammer(ctx, c, connections, began.Add(window))
	if err != nil {
		return sample{}, err
	}
	elapsed := time.Since(began)
	after, err := spent(all)
	if err != nil || len(took) == 0 {
		return sample{}, errors.Join(err, errors.New("no request was answered"))
	}
	memory, err := peak(front)
	slices.Sort(took)
	n := len(took)
	return sample{
		perSecond: float64(n) / elapsed.Seconds(), p50: took[n/2], p99: took[n*99/100], cpu: (after - before) / time.Duration(n), memory: memory,
	}, err
}

func hammer(ctx context.Context, c Case, connections int, until time.Time) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var fault error // one; the others are most likely the same
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			took, err := repeat(ctx, c, until)
			mu.Lock()
			defer mu.Unlock()
			all, fault = append(all, took...), cmp.Or(fault, err)
		})
	}
	group.Wait()
	return all, errors.Join(fault, ctx.Err())
}

// repeat is what one connection does.
func repeat(ctx context.Context, c Case, until time.Time) (took []time.Duration, err error) {
	client, err := dial(ctx, c, until.Add(patience))
	if err != nil {
		return nil, err
	}
	defer client.close()
	for ctx.Err() == nil && (took == nil || time.Now().Before(until)) {
		began := time.Now()
		if err := client.ask(); err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// patience is how long after the end of a window its last answer may come.
const patience = 10 * time.Second
