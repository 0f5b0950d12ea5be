// Package bench measures what requests cost, side by side and in turns, so that a machine's moods hit all alike.
//
// One benchmark answers the question that the article ends with: what does each way of authorizing cost?
//
//   - one token: signing it, verifying it cold, verifying it again (cached), beside comparing an API key;
//   - a bare pair of a forwarding front and a service that differ in nothing but the way: no auth, API key, a token of each algorithm;
//   - the real gateway before catalog and inventory, for an anonymous visitor and for a relayed user, in each mode.
//
// The other has nginx and HAProxy do the gateway's work, with configurations that stand in deploy/bench.
//
// CPU is what the processes under test spent, user and system, from /proc. The figures to quote are ratios within the run.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// Config says how long to measure. Every loop is bounded: a run takes about Rounds × (Window + Window/4) for each case.
type Config struct {
	Rounds      int
	Window      time.Duration
	Connections int
	Log         io.Writer
}

// Case is one way of serving one request.
type Case struct {
	Group string // which cases are compared with one another
	Name  string
	Base  bool // of the group: ratios are to this one
	URL   string
	Head  map[string]string // the request's header
	PIDs  []int             // the processes whose CPU counts, with all that descend from them; of the first, the front, the memory too
}

// Row is what a case came to: medians over the rounds, and the most memory of any.
type Row struct {
	Case
	PerSecond float64
	P50, P99  time.Duration
	CPU       time.Duration // per request
	Memory    int64         // of the front at its peak, in bytes
	// Ratio is that of the CPU to the group's base, within one round: the median of the rounds, with the least and the most.
	Ratio, Least, Most float64
}

// Run measures the cases in turns.
func Run(ctx context.Context, cfg Config, cases []Case) ([]Row, error) {
	windows := make([][]sample, len(cases))
	for round := range cfg.Rounds {
		for i, c := range cases {
			if _, err := load(ctx, c, cfg.Connections, cfg.Window/4); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.Group, c.Name, err)
			}
			s, err := load(ctx, c, cfg.Connections, cfg.Window)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", c.Group, c.Name, err)
			}
			windows[i] = append(windows[i], s)
		}
		_, _ = fmt.Fprintf(cfg.Log, "round %d of %d\n", round+1, cfg.Rounds)
	}
	rows := make([]Row, len(cases))
	for i, c := range cases {
		base := slices.IndexFunc(cases, func(b Case) bool { return b.Base && b.Group == c.Group })
		rows[i] = summarize(c, windows[i], windows[base])
	}
	return rows, nil
}

func summarize(c Case, own, base []sample) Row {
	ratios := make([]float64, len(own))
	for i := range own {
		ratios[i] = float64(own[i].cpu) / float64(base[i].cpu)
	}
	return Row{
		Case:      c,
		PerSecond: median(own, func(s sample) float64 { return s.perSecond }),
		P50:       median(own, func(s sample) time.Duration { return s.p50 }),
		P99:       median(own, func(s sample) time.Duration { return s.p99 }),
		CPU:       median(own, func(s sample) time.Duration { return s.cpu }),
		Memory:    slices.MaxFunc(own, func(a, b sample) int { return cmp.Compare(a.memory, b.memory) }).memory,
		Ratio:     median(ratios, func(r float64) float64 { return r }),
		Least:     slices.Min(ratios),
		Most:      slices.Max(ratios),
	}
}

func median[S any, V cmp.Ordered](all []S, of func(S) V) V {
	values := make([]V, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
