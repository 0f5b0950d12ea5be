package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// The figures that can be bound.
const (
	figureCPU    = "CPU"    // per request, over that of the group's base; the figure of a bound that names none
	figureMemory = "memory" // of the front, in MB
)

// Bound is a figure of a case that must be reached.
type Bound struct {
	Group  string  `yaml:"group"`
	Name   string  `yaml:"name"`
	Figure string  `yaml:"figure"`
	Most   float64 `yaml:"at most"`
	// Waiver says why the figure is not reached, and what it may be at most meanwhile. A bound without one is kept or the run fails.
	Waiver *struct {
		Most float64 `yaml:"at most"`
		Why  string  `yaml:"why"`
	} `yaml:"waiver"`
}

// ReadBounds reads the bounds of one benchmark from the table of all; an unknown key, an unknown figure and a waiver without a reason are
// faults.
func ReadBounds(text []byte, benchmark string) ([]Bound, error) {
	var all map[string][]Bound
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("read bounds: %w", err)
	}
	bounds := all[benchmark]
	if len(bounds) == 0 {
		return nil, fmt.Errorf("no bounds of %s", benchmark)
	}
	for i := range bounds {
		b := &bounds[i]
		b.Figure = cmp.Or(b.Figure, figureCPU)
		if b.Figure != figureCPU && b.Figure != figureMemory {
			return nil, fmt.Errorf("bound of %s, %s: %q is no figure", b.Group, b.Name, b.Figure)
		}
		if b.Most <= 0 || b.Waiver != nil && (b.Waiver.Why == "" || b.Waiver.Most <= b.Most) {
			return nil, fmt.Errorf("bound of %s, %s: needs a figure, and a waiver a reason and a higher one", b.Group, b.Name)
		}
	}
	return bounds, nil
}

// Verdict is what became of a bound.
type Verdict struct {
	Bound
	Measured float64
	Kept     bool // by the bound itself
	Fails    bool // beyond the waiver too
}

// Judge compares the rows with the bounds; a bound whose case was not measured fails.
func Judge(rows []Row, bounds []Bound) []Verdict {
	verdicts := make([]Verdict, len(bounds))
	for i, b := range bounds {
		at := slices.IndexFunc(rows, func(r Row) bool { return r.Group == b.Group && r.Name == b.Name })
		v := Verdict{Bound: b, Fails: at < 0}
		if at >= 0 {
			v.Measured = rows[at].figure(b.Figure)
			v.Kept = v.Measured <= b.Most
			v.Fails = !v.Kept && (b.Waiver == nil || v.Measured > b.Waiver.Most)
		}
		verdicts[i] = v
	}
	return verdicts
}

func (r Row) figure(name string) float64 {
	if name == figureMemory {
		return float64(r.Memory) / megabyte
	}
	return r.Ratio
}

const megabyte = 1e6
