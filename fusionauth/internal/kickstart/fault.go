package kickstart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that the stand-in cannot accept: where it stands and what to do about it. It never holds a secret.
type Fault struct {
	File string
	Line int
	Text string
}

// Error implements error.
func (f Fault) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// Faults are all faults of a kickstart, by file and line.
type Faults []Fault

// Error implements error: one fault a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// err gives the faults in order, or nil when there are none.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return slices.Compact(fs)
}
