package bench_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"storefront/e2e/internal/bench"
)

// The pair of every way answers what it guards, and a refusal ends a measurement in place of making it look cheap.
func TestServePair(t *testing.T) {
	t.Parallel()
	for _, way := range bench.Ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			in, out := io.Pipe()
			done := make(chan error, 1)
			go func() { done <- bench.ServePair(ctx, way, out) }()
			var address string
			if err := json.NewDecoder(in).Decode(&address); err != nil {
				t.Fatal(err)
			}
			rows, err := bench.Run(ctx, bench.Config{Rounds: 1, Window: 20 * time.Millisecond, Connections: 2, Log: io.Discard},
				[]bench.Case{{Group: "g", Name: way, Base: true, URL: address, PIDs: []int{os.Getpid()}}})
			if err != nil || rows[0].PerSecond <= 0 || rows[0].P99 < rows[0].P50 {
				t.Errorf("Run = %+v, %v", rows, err)
			}
			cancel()
			if err := <-done; err != nil {
				t.Errorf("ServePair = %v", err)
			}
		})
	}
}

func TestRun_endsOnARefusal(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	_, err := bench.Run(t.Context(), bench.Config{Rounds: 1, Window: 10 * time.Millisecond, Connections: 1, Log: io.Discard},
		[]bench.Case{{Group: "g", Name: "refused", Base: true, URL: refusing.URL, PIDs: []int{os.Getpid()}}})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("Run = %v, want the refusal", err)
	}
}

func TestServePair_unknownWay(t *testing.T) {
	t.Parallel()
	if err := bench.ServePair(t.Context(), "rot13", io.Discard); err == nil {
		t.Error("ServePair(rot13) = nil error")
	}
}

// A window ends at each answer's own end, however it is told: what is left over would be taken for the next one.
func TestRun_readsAnswersToTheirEnds(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("0\r\n\r\nHTTP/1.1 500 no\r\n\r\n", 1+len(r.URL.Path)*len(r.URL.Path)))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	var cases []bench.Case
	for _, path := range []string{"/", "/a-long-path-gives-an-answer-in-chunks"} {
		cases = append(cases, bench.Case{Group: "g", Name: path, Base: path == "/", URL: server.URL + path, PIDs: []int{os.Getpid()}})
	}
	rows, err := bench.Run(t.Context(), bench.Config{Rounds: 3, Window: 40 * time.Millisecond, Connections: 2, Log: io.Discard}, cases)
	if err != nil {
		t.Fatal(err)
	}
	if got := connections.Load(); got != 2*2*2*3 {
		t.Errorf("%d connections for two cases, three rounds, a window and its warm-up, want two each", got)
	}
	if r := rows[1]; r.Least > r.Ratio || r.Ratio > r.Most || r.Memory < 1<<20 {
		t.Errorf("row = %+v", r)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	bounds, err := bench.ReadBounds([]byte(`
this:
- {group: g, name: kept, at most: 1.1}
- {group: g, name: missed, at most: 1.1}
- {group: g, name: waived, at most: 1.1, waiver: {at most: 2, why: physics}}
- {group: g, name: beyond, at most: 1.1, waiver: {at most: 2, why: physics}}
- {group: g, name: not measured, at most: 1.1}
- {group: g, name: small, figure: memory, at most: 40}
- {group: g, name: large, figure: memory, at most: 40}
other:
- {group: g, name: of another benchmark, at most: 1.1}
`), "this")
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string, ratio float64, memory int64) bench.Row {
		return bench.Row{Case: bench.Case{Group: "g", Name: name}, Ratio: ratio, Memory: memory}
	}
	rows := []bench.Row{
		row("kept", 1.05, 1e9), row("missed", 1.2, 0), row("waived", 1.9, 0), row("beyond", 2.1, 0), row("small", 99, 39e6), row("large", 0, 41e6),
	}
	fails := map[string]bool{"kept": false, "missed": true, "waived": false, "beyond": true, "not measured": true, "small": false, "large": true}
	verdicts := bench.Judge(rows, bounds)
	for _, v := range verdicts {
		if v.Fails != fails[v.Name] || v.Kept != (v.Name == "kept" || v.Name == "small") {
			t.Errorf("%s: %+v", v.Name, v)
		}
	}
	if len(verdicts) != len(fails) {
		t.Errorf("%d verdicts, want %d", len(verdicts), len(fails))
	}
}

func TestReadBounds_refuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an unknown key":           `this: [{group: g, name: n, at most: 1, atmost: 2}]`,
		"no figure":                `this: [{group: g, name: n}]`,
		"a figure of its own":      `this: [{group: g, name: n, figure: speed, at most: 1}]`,
		"a waiver without reason":  `this: [{group: g, name: n, at most: 1, waiver: {at most: 2}}]`,
		"a waiver that is no room": `this: [{group: g, name: n, at most: 2, waiver: {at most: 1, why: x}}]`,
		"no bounds":                `other: [{group: g, name: n, at most: 2}]`,
	} {
		if _, err := bench.ReadBounds([]byte(text), "this"); err == nil {
			t.Errorf("%s = nil error", name)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	bounds, err := bench.ReadBounds([]byte(`this: [{group: pair, name: HS256, at most: 1.1}, {group: pair, name: HS256, figure: memory, at most: 40}]`), "this")
	if err != nil {
		t.Fatal(err)
	}
	rows := []bench.Row{
		{Case: bench.Case{Group: "pair", Name: "none", Base: true}, CPU: 100 * time.Microsecond, Ratio: 1},
		{Case: bench.Case{Group: "pair", Name: "HS256"}, CPU: 125 * time.Microsecond, Ratio: 1.25, Least: 1.2, Most: 1.5, PerSecond: 8000, P50: time.Millisecond, P99: 2500 * time.Microsecond, Memory: 32e6},
	}
	text := bench.Report{
		Title: "Costs", Command: "make it", Chart: "it.svg", About: " About.", Config: bench.Config{Rounds: 1, Window: time.Second},
		Tokens: []bench.TokenRow{{Way: "HS256", Sign: 4 * time.Microsecond}}, Rows: rows, Verdicts: bench.Judge(rows, bounds),
	}.Markdown()
	for _, want := range []string{
		"# Costs\n", "`make it`", "](it.svg)", " About.\n", "| HS256 | 4.0 µs |", "## Pair", "cores",
		"| HS256 | 1.25 | 1.25 (1.20–1.50) | 8000 | 1.00 ms | 2.50 ms | 32 MB |",
		"| pair, HS256 | CPU, over the first of the group | 1.10 | 1.25 | **missed** |", "| pair, HS256 | peak memory of the front, MB | 40.00 | 32.00 | kept |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(bench.Report{Rows: rows}.Markdown(), "One token") {
		t.Error("a report without tokens has a table of them")
	}
	path := filepath.Join(t.TempDir(), "chart.svg")
	if err := bench.Chart(rows, path); err != nil {
		t.Fatal(err)
	}
	if svg, err := os.ReadFile(path); err != nil || !strings.Contains(string(svg), "<svg") || !strings.Contains(string(svg), "HS256") {
		t.Errorf("chart: %v", err)
	}
}
