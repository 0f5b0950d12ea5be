package bench

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bound is a figure that must be reached: the CPU per request of a case, over that of its group's base.
type Bound struct {
	Group string  `yaml:"group"`
	Name  string  `yaml:"name"`
	Most  float64 `yaml:"at most"`
	// Waiver says why the figure is not reached, and what it may be at most meanwhile. A bound without one is kept or the run fails.
	Waiver *struct {
		Most float64 `yaml:"at most"`
		Why  string  `yaml:"why"`
	} `yaml:"waiver"`
}

// ReadBounds reads the table of bounds; an unknown key, a case that is not measured and a waiver without a reason are faults.
func ReadBounds(text []byte) ([]Bound, error) {
	var bounds []Bound
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&bounds); err != nil {
		return nil, fmt.Errorf("read bounds: %w", err)
	}
	for _, b := range bounds {
		if b.Most <= 0 || b.Waiver != nil && (b.Waiver.Why == "" || b.Waiver.Most <= b.Most) {
			return nil, fmt.Errorf("bound of %s, %s: needs a figure, and a waiver a reason and a higher one", b.Group, b.Name)
		}
	}
	return bounds, nil
}

// Verdict is what became of a bound.
type Verdict struct {
	Bound
	Ratio float64
	Kept  bool // by the bound itself
	Fails bool // beyond the waiver too
}

// Judge compares the rows with the bounds; a bound whose case was not measured fails.
func Judge(rows []Row, bounds []Bound) []Verdict {
	verdicts := make([]Verdict, len(bounds))
	for i, b := range bounds {
		at := slices.IndexFunc(rows, func(r Row) bool { return r.Group == b.Group && r.Name == b.Name })
		v := Verdict{Bound: b, Fails: at < 0}
		if at >= 0 {
			v.Ratio = rows[at].Ratio
			v.Kept = v.Ratio <= b.Most
			v.Fails = !v.Kept && (b.Waiver == nil || v.Ratio > b.Waiver.Most)
		}
		verdicts[i] = v
	}
	return verdicts
}
