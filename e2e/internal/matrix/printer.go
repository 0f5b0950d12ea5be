package matrix

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Printer writes the matrix as a table for people, a row at a time.
type Printer struct {
	Out    io.Writer
	Colour bool
}

// columns is how many cells stand side by side, and callerWidth how much room a caller's name gets.
const (
	columns     = 4
	callerWidth = 22
)

// Row implements Reporter.
func (p Printer) Row(service, request string, results []Result) {
	_, _ = fmt.Fprintf(p.Out, "%s  %s\n", service, request)
	for line := range slices.Chunk(results, columns) {
		cells := make([]string, len(line))
		for i, r := range line {
			cells[i] = p.cell(r)
		}
		_, _ = fmt.Fprintln(p.Out, "   "+strings.TrimRight(strings.Join(cells, "  "), " "))
	}
	for _, why := range reasons(results) {
		_, _ = fmt.Fprintln(p.Out, "     "+why)
	}
}

// cell is one cell: a tick and the status; a cross with what came and what was wanted; or that it was not tried.
func (p Printer) cell(r Result) string {
	switch r.State {
	case Passed:
		return p.paint(32, "✓") + fmt.Sprintf(" %-*s %-3s", callerWidth, r.Caller, status(r))
	case Failed:
		return p.paint(31, "✗") + fmt.Sprintf(" %-*s %s, want %s", callerWidth, r.Caller, status(r), r.Want)
	default:
		return p.paint(33, "·") + fmt.Sprintf(" %-*s NOT TESTED", callerWidth, r.Caller)
	}
}

func status(r Result) string {
	if r.Got == 0 {
		return ""
	}
	return fmt.Sprint(r.Got)
}

// reasons explains the cells of a row that did not pass, each reason once.
func reasons(results []Result) []string {
	var found []string
	for _, r := range results {
		for _, why := range r.Why {
			line := fmt.Sprintf("✗ %s: %s", r.Caller, why)
			if r.State == NotTested {
				line = "NOT TESTED: " + why
			}
			if !slices.Contains(found, line) {
				found = append(found, line)
			}
		}
	}
	return found
}

// Close writes the closing line.
func (p Printer) Close(t Tally) {
	_, _ = fmt.Fprintf(p.Out, "\n%d passed, %d failed, %d skipped\n", t.Count(Passed), t.Count(Failed), t.Count(NotTested))
}

func (p Printer) paint(colour int, text string) string {
	if !p.Colour {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
}
