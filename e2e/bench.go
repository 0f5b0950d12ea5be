package main

import (
	"context"
	_ "embed" // the bounds
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"storefront/e2e/internal/bench"
	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

//go:embed bounds.yaml
var boundsYAML []byte

// errBounds is the outcome of a benchmark that missed a bound; the report says which.
var errBounds = errors.New("a bound is missed beyond its waiver")

// benchmarked are the systems that the benchmark compares: one per algorithm, which signs users' and the gateway's tokens alike.
var benchmarked = []string{"HS256", "RS256", "ES256", "EdDSA"}

// runBenchAuth is `make bench-auth`: it measures what each way of authorizing costs.
func runBenchAuth(ctx context.Context, env map[string]string, out terminal) (err error) {
	tokens, err := bench.Tokens()
	if err != nil {
		return err
	}
	w, err := openWorkshop(ctx, map[string]string{"PATH": env["PATH"], "HOME": env["HOME"]})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	suite := &benchSuite{workshop: w}
	if err := suite.start(ctx); err != nil {
		return err
	}
	return benchmark{
		name:   "auth",
		report: bench.Report{Title: "What each way of authorizing costs", Command: "make bench-auth", Tokens: tokens},
		config: bench.Config{Rounds: 7, Window: time.Second, Connections: 16, Log: out},
	}.run(ctx, w.root, env["BENCH"] == "short", out, slices.Concat(suite.pairs, suite.visitor, suite.user, suite.session))
}

// benchmark is what is said of a run, under a name that its bounds have, and the files that it writes.
type benchmark struct {
	name   string
	report bench.Report
	config bench.Config
}

// run measures the cases, writes the report and the chart, and judges the bounds; a short run does neither.
func (b benchmark) run(ctx context.Context, root string, short bool, out terminal, cases []bench.Case) error {
	bounds, err := bench.ReadBounds(boundsYAML, b.name)
	if err != nil {
		return err
	}
	if short {
		b.config.Rounds, b.config.Window = 1, 200*time.Millisecond
	}
	rows, err := bench.Run(ctx, b.config, cases)
	if err != nil {
		return err
	}
	b.report.Config, b.report.Time, b.report.Chart = b.config, time.Now(), b.name+".svg"
	b.report.Rows, b.report.Verdicts = rows, bench.Judge(rows, bounds)
	_, _ = fmt.Fprint(out, "\n"+b.report.Markdown())
	if short {
		return nil // too short to judge, or to keep
	}
	if err := writeDocument(root, "benchmarks/"+b.name+".md", b.report.Markdown()); err != nil {
		return err
	}
	if err := bench.Chart(rows, filepath.Join(root, "docs", "benchmarks", b.report.Chart)); err != nil {
		return err
	}
	for _, v := range b.report.Verdicts {
		if v.Fails {
			err = errors.Join(err, fmt.Errorf("%w: %s, %s: %s is %.2f", errBounds, v.Group, v.Name, v.Figure, v.Measured))
		}
	}
	return err
}

// benchSuite is everything that is measured.
type benchSuite struct {
	*workshop
	pairs         []bench.Case
	visitor, user []bench.Case
	session       []bench.Case
}

// start starts the bare pairs, and a whole system for each algorithm.
func (b *benchSuite) start(ctx context.Context) error {
	pairs, stopPairs, err := bench.StartPairs(ctx, "bench-pair")
	if err != nil {
		return err
	}
	b.pairs, b.stops = pairs, append(b.stops, func() error { stopPairs(); return nil })
	for _, algorithm := range benchmarked {
		if err := b.startSystem(ctx, algorithm); err != nil {
			return fmt.Errorf("start the system of %s: %w", algorithm, err)
		}
	}
	return nil
}

func (b *benchSuite) startSystem(ctx context.Context, algorithm string) error {
	keys := filepath.Join(b.dir, "keys-"+algorithm)
	if algorithm != "HS256" {
		if err := stack.OpenKeys(ctx, b.cfg.Bin, keys, algorithm); err != nil {
			return err
		}
	}
	s, token, err := b.startAnother(ctx, func(cfg *stack.Config) {
		cfg.UserKey = algorithm
		if algorithm != "HS256" {
			cfg.Env["AUTH_MODE"], cfg.Keys = "jwks", keys
		}
	})
	if err != nil {
		return err
	}
	b.measure(s, algorithm, token)
	if algorithm != benchmarked[0] {
		return nil
	}
	person := browser.New()
	if err := person.SignIn(ctx, s.URL(stack.Gateway), stack.People(b.cfg.Secrets)["admin"]); err != nil {
		return err
	}
	b.measureSession(s, map[string]map[string]string{
		"Bearer token": {"Authorization": "Bearer " + token}, "session cookie": {"Cookie": person.Cookies(s.URL(stack.Gateway))},
	})
	return nil
}

// measureSession adds the same request with a token that the client keeps, and with one that the gateway keeps for it.
func (b *benchSuite) measureSession(s *stack.Stack, heads map[string]map[string]string) {
	pids := s.PIDs()
	for _, name := range []string{"Bearer token", "session cookie"} {
		b.session = append(b.session, bench.Case{
			Group: "signed-in user, gateway and inventory", Name: name, Base: name == "Bearer token",
			URL: s.URL(stack.Gateway) + "/branches/1/products", PIDs: []int{pids[stack.Gateway], pids[stack.Inventory]}, Head: heads[name],
		})
	}
}

// measure adds the two cases of a system: an anonymous visitor and a relayed user.
func (b *benchSuite) measure(s *stack.Stack, algorithm, token string) {
	pids, gateway := s.PIDs(), s.URL(stack.Gateway)
	base := algorithm == benchmarked[0]
	b.visitor = append(b.visitor, bench.Case{
		Group: "anonymous visitor, gateway and catalog", Name: algorithm, Base: base,
		URL: gateway + "/products/1", PIDs: []int{pids[stack.Gateway], pids[stack.Catalog]},
	})
	b.user = append(b.user, bench.Case{
		Group: "relayed user, gateway and inventory", Name: algorithm, Base: base,
		URL: gateway + "/branches/1/products", PIDs: []int{pids[stack.Gateway], pids[stack.Inventory]},
		Head: map[string]string{"Authorization": "Bearer " + token},
	})
}
