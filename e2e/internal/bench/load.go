package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// sample is one window of one case.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	cpu       time.Duration // per request
}

// load sends requests one after the other on each connection, one at least, until the window ends. An answer other than 200 ends the measurement: a
// refusal is cheap, and would make the way that refuses look good.
func load(ctx context.Context, c Case, connections int, window time.Duration) (sample, error) {
	before, err := spent(c.PIDs)
	if err != nil {
		return sample{}, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	began := time.Now()
	took, err := hammer(ctx, &http.Client{Transport: transport, Timeout: 10 * time.Second}, c, connections, began.Add(window))
	if err != nil {
		return sample{}, err
	}
	elapsed := time.Since(began)
	after, err := spent(c.PIDs)
	if err != nil || len(took) == 0 {
		return sample{}, errors.Join(err, errors.New("no request was answered"))
	}
	slices.Sort(took)
	n := len(took)
	return sample{
		perSecond: float64(n) / elapsed.Seconds(), p50: took[n/2], p99: took[n*99/100], cpu: (after - before) / time.Duration(n),
	}, nil
}

func hammer(ctx context.Context, client *http.Client, c Case, connections int, until time.Time) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var faults []error
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			var took []time.Duration
			var fault error
			for fault == nil && ctx.Err() == nil && (took == nil || time.Now().Before(until)) {
				began := time.Now()
				fault = ask(ctx, client, c)
				took = append(took, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all, faults = append(all, took...), append(faults, fault)
		})
	}
	group.Wait()
	return all, errors.Join(append(faults, ctx.Err())...)
}

func ask(ctx context.Context, client *http.Client, c Case) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return err
	}
	for name, value := range c.Head {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// tick is the unit of CPU time in /proc on every Linux that Go runs on (USER_HZ is 100).
const tick = 10 * time.Millisecond

// spent is the CPU time that the processes have used, user and system: fields 14 and 15 of /proc/PID/stat (proc(5)).
func spent(pids []int) (time.Duration, error) {
	total := time.Duration(0)
	for _, pid := range pids {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		// The second field is the name in parentheses and may hold blanks.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		for _, field := range fields[11:13] {
			ticks, err := strconv.ParseInt(string(field), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read CPU time: %w", err)
			}
			total += time.Duration(ticks) * tick
		}
	}
	return total, nil
}
