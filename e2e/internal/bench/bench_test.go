package bench_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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

func TestJudge(t *testing.T) {
	t.Parallel()
	bounds, err := bench.ReadBounds([]byte(`
- {group: g, name: kept, at most: 1.1}
- {group: g, name: missed, at most: 1.1}
- {group: g, name: waived, at most: 1.1, waiver: {at most: 2, why: physics}}
- {group: g, name: beyond, at most: 1.1, waiver: {at most: 2, why: physics}}
- {group: g, name: not measured, at most: 1.1}
`))
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string, ratio float64) bench.Row {
		return bench.Row{Case: bench.Case{Group: "g", Name: name}, Ratio: ratio}
	}
	fails := map[string]bool{"kept": false, "missed": true, "waived": false, "beyond": true, "not measured": true}
	for _, v := range bench.Judge([]bench.Row{row("kept", 1.05), row("missed", 1.2), row("waived", 1.9), row("beyond", 2.1)}, bounds) {
		if v.Fails != fails[v.Name] || v.Kept != (v.Name == "kept") {
			t.Errorf("%s: %+v", v.Name, v)
		}
	}
}

func TestReadBounds_refuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an unknown key":           `[{group: g, name: n, at most: 1, atmost: 2}]`,
		"no figure":                `[{group: g, name: n}]`,
		"a waiver without reason":  `[{group: g, name: n, at most: 1, waiver: {at most: 2}}]`,
		"a waiver that is no room": `[{group: g, name: n, at most: 2, waiver: {at most: 1, why: x}}]`,
	} {
		if _, err := bench.ReadBounds([]byte(text)); err == nil {
			t.Errorf("%s = nil error", name)
		}
	}
}

func TestMarkdownAndChart(t *testing.T) {
	t.Parallel()
	rows := []bench.Row{
		{Case: bench.Case{Group: "pair", Name: "none", Base: true}, CPU: 100 * time.Microsecond, Ratio: 1},
		{Case: bench.Case{Group: "pair", Name: "HS256"}, CPU: 125 * time.Microsecond, Ratio: 1.25},
	}
	text := bench.Markdown([]bench.TokenRow{{Way: "HS256", Sign: 4 * time.Microsecond}}, rows, nil, bench.Config{Rounds: 1}, time.Unix(0, 0))
	for _, want := range []string{"| HS256 | 4.0 µs |", "| HS256 | 125.0 µs | 1.25 |", "## Pair", "cores"} {
		if !strings.Contains(text, want) {
			t.Errorf("report lacks %q:\n%s", want, text)
		}
	}
	path := filepath.Join(t.TempDir(), "chart.svg")
	if err := bench.Chart(rows, path); err != nil {
		t.Fatal(err)
	}
	if svg, err := os.ReadFile(path); err != nil || !strings.Contains(string(svg), "<svg") || !strings.Contains(string(svg), "HS256") {
		t.Errorf("chart: %v", err)
	}
}
