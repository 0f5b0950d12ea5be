package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"image/color"
	"os"
	"runtime"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Report is what is written of a run.
type Report struct {
	Title   string
	Command string // that made it
	Chart   string // the file of its chart, beside it
	About   string // what is compared, and how
	Config  Config
	Time    time.Time

	Tokens   []TokenRow // where single tokens were measured
	Rows     []Row
	Verdicts []Verdict
}

// Markdown names the machine, and gives the tables and what became of the bounds.
func (r Report) Markdown() string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s\n", r.Title)
	line("Made by `%s` on %s: %s. %d rounds of %s windows in turns, %d connections, load from the same machine.",
		r.Command, r.Time.UTC().Format(time.DateOnly), Machine(), r.Config.Rounds, r.Config.Window, r.Config.Connections)
	line("Trust the ratios, which are medians of the rounds' own, with the least and the most, more than the rest.%s", r.About)
	line("\n![CPU per request](%s)", r.Chart)
	if r.Tokens != nil {
		line("\n## One token\n\n| way | sign | verify | verify again, cached | allocations: sign, verify |\n|---|---|---|---|---|")
	}
	for _, t := range r.Tokens {
		line("| %s | %s | %s | %s | %d, %d |", t.Way, micros(t.Sign), micros(t.VerifyCold), micros(t.VerifyUp), t.SignAllocs, t.VerifyAllocs)
	}
	group := ""
	for _, r := range r.Rows {
		if r.Group != group {
			group = r.Group
			line("\n## %s\n\n| way | CPU s per 10,000 requests | ratio | requests/s | p50 | p99 | peak memory of the front |\n|---|---|---|---|---|---|---|", upperFirst(group))
		}
		line("| %s | %.2f | %.2f (%.2f–%.2f) | %.0f | %s | %s | %.0f MB |",
			r.Name, 1e4*r.CPU.Seconds(), r.Ratio, r.Least, r.Most, r.PerSecond, Millis(r.P50), Millis(r.P99), r.figure(figureMemory))
	}
	line("\n## Bounds\n\n| case | figure | at most | measured | |\n|---|---|---|---|---|")
	for _, v := range r.Verdicts {
		line("| %s, %s | %s | %.2f | %.2f | %s |", v.Group, v.Name, figures[v.Figure], v.Most, v.Measured, outcome(v))
	}
	return b.String()
}

// figures are how the report calls them.
var figures = map[string]string{figureCPU: "CPU, over the first of the group", figureMemory: "peak memory of the front, MB"}

func outcome(v Verdict) string {
	switch {
	case v.Kept:
		return "kept"
	case v.Fails:
		return "**missed**"
	default:
		return fmt.Sprintf("waived up to %.2f: %s", v.Waiver.Most, v.Waiver.Why)
	}
}

func micros(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

// Millis is a duration as the reports print it.
func Millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Machine names the processor, so that figures are not taken for another's.
func Machine() string {
	model := "unknown processor"
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = f.Close() }()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s/%s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Chart draws the ratios as bars into an SVG file.
func Chart(rows []Row, path string) error {
	p := plot.New()
	p.Title.Text = "CPU per request, over the first of each group"
	values := make(plotter.Values, len(rows))
	names := make([]string, len(rows))
	for i, r := range rows {
		fromBelow := len(rows) - 1 - i // the first row is read first
		who, _, _ := strings.Cut(r.Group, ",")
		values[fromBelow], names[fromBelow] = r.Ratio, who+", "+r.Name
	}
	bars, err := plotter.NewBarChart(values, vg.Points(18))
	if err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	bars.Horizontal = true
	bars.Color = color.RGBA{R: 0x0b, G: 0x6b, B: 0x57, A: 0xff}
	bars.LineStyle.Width = 0
	p.Add(bars, plotter.NewGrid())
	p.NominalY(names...)
	p.X.Min = 0
	// With the font in the file, labels are as wide as they were laid out for.
	canvas := vgsvg.NewWith(vgsvg.UseWH(22*vg.Centimeter, 14*vg.Centimeter), vgsvg.EmbedFonts(true))
	p.Draw(draw.New(canvas))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	return os.WriteFile(path, svg.Bytes(), 0o644) //nolint:gosec // documents are for everybody
}
