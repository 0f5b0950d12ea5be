package openload

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"storefront/e2e/internal/bench"
)

// Row is one load and what it came to.
type Row struct {
	Name string // what is asked for
	Plan
	Result
}

// Report is what a run has found.
type Report struct {
	Products int
	Bound    Bound
	Rows     []Row
	Time     time.Time
	Busy     string // the load average of the machine before it began
}

// Judge returns all that any load has missed, or nil.
func (r Report) Judge() error {
	var missed []error
	for _, row := range r.Rows {
		if err := r.Bound.Judge(row.Result); err != nil {
			missed = append(missed, fmt.Errorf("%s: %w", row.Name, err))
		}
	}
	return errors.Join(missed...)
}

// Markdown is the report for people: the machine, the loads, and what each must reach.
func (r Report) Markdown() string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	line("# Catalog under load\n")
	line("Made by `make bench-catalog` on %s: %s, load average %s before it began. SQLite with %d products; load from the same machine.",
		r.Time.UTC().Format(time.DateOnly), bench.Machine(), r.Busy, r.Products)
	line("Requests leave by the clock, answered or not, and are timed from the moment at which they were due; one that finds no connection of %d free has failed.",
		r.Rows[0].Connections)
	line("Each brings a token that is signed for it alone. Every load must stay under %s at p99, achieve %.0f %% of what is offered, and fail nowhere.\n",
		r.Bound.P99, 100*r.Bound.Share)
	line("| load | for | offered/s | achieved/s | failed | p50 | p99 | max | |\n|---|---|---|---|---|---|---|---|---|")
	for _, row := range r.Rows {
		line("| %s | %s | %.1f | %.1f | %d | %s | %s | %s | %s |", row.Name, row.Length, row.Offered, row.Achieved, row.Failed,
			bench.Millis(row.P50), bench.Millis(row.P99), bench.Millis(row.Max), outcome(r.Bound, row.Result))
	}
	return b.String()
}

func outcome(bound Bound, r Result) string {
	if bound.Judge(r) != nil {
		return "**missed**"
	}
	return "kept"
}

// Busy is the machine's load average of the last minute: processes that want to run, those of others included.
func Busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}
