// Package chaos spoils the line between every two processes of the shop in turn, kills every process in turn, and tells what became of
// a fixed set of requests meanwhile and how soon all was well again. The shop is real and on loopback: two gateways over Redis, catalog
// and inventory over PostgreSQL, the local identity server; toxiproxy is the lines. It judges nothing but whether an answer was honest:
// what is promised is the table in docs/chaos.md.
//
//	report, err := chaos.Run(ctx, chaos.Config{Bin: bin, Within: 2 * time.Second, Log: os.Stdout})
//	text := report.Markdown()
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Config says what to run. Bin and Within are required.
type Config struct {
	Bin      string        // directory of the binaries that stack.Build made
	Within   time.Duration // how soon all must be well after a mend
	Log      io.Writer     // a line for each fault; nil drops them
	Services io.Writer     // the services' log lines; nil drops them
}

const (
	upstreamTimeout = 2 * time.Second
	patience        = 8 * time.Second // of a client: longer than any timeout of the gateway
	shortPatience   = 3 * time.Second // of a client whose own line is bad: nobody else ends its wait
	recoveryEvery   = 50 * time.Millisecond
)

// Row is what became of the requests under one fault.
type Row struct {
	Where, Fault string
	Outcomes     []Outcome     // as Probes
	Back         time.Duration // from the mend until all was well; 0 when it never was
}

// Report is a whole run.
type Report struct {
	Lines []Row
	Kills []Kill
}

// Run spoils and kills, one after the other. It ends early when the system itself breaks.
func Run(ctx context.Context, cfg Config) (report Report, err error) {
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	s, err := startSystem(ctx, cfg.Bin, cfg.Services)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, l := range s.lines {
		for _, f := range Faults() {
			row, err := s.spoil(ctx, cfg, l, f)
			if err != nil {
				return report, err
			}
			_, _ = fmt.Fprintf(cfg.Log, "%-22s %-10s %-62s back after %s\n", row.Where, row.Fault, fmt.Sprint(row.Outcomes), row.Back.Round(time.Millisecond))
			report.Lines = append(report.Lines, row)
		}
	}
	report.Kills, err = s.killAll(ctx, cfg)
	return report, err
}

// spoil puts one fault on one line, makes every request, and mends it.
func (s *system) spoil(ctx context.Context, cfg Config, l *line, f Fault) (Row, error) {
	row := Row{Where: l.name, Fault: f.Name}
	if err := l.spoil(f); err != nil {
		return row, err
	}
	wait := patience
	if l.name == toGateway {
		wait = shortPatience
	}
	row.Outcomes = s.browser.try(ctx, wait)
	if err := l.mend(); err != nil {
		return row, err
	}
	row.Back = s.browser.recover(ctx, cfg.Within)
	return row, ctx.Err()
}

// recover waits until every request is answered well, and gives how long that took; 0 when it took too long.
func (v *visitor) recover(ctx context.Context, within time.Duration) time.Duration {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		if well(v.try(ctx, within)) {
			return time.Since(start)
		}
		select {
		case <-ctx.Done():
			return 0
		case <-time.After(recoveryEvery):
		}
	}
}

func well(outcomes []Outcome) bool {
	return !slices.ContainsFunc(outcomes, func(o Outcome) bool { return o != OK })
}
