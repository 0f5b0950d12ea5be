package doctor

import "time"

// Skew is skew.
func Skew(date, before, after time.Time) time.Duration { return skew(date, before, after) }

// Names are the checks' names.
func Names() []string {
	var names []string
	for _, c := range checks {
		names = append(names, c.name)
	}
	return names
}
