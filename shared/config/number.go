package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Int declares a setting that is a positive whole number.
func (s *Settings) Int(name string, def int, doc string) int {
	n, err := strconv.Atoi(s.String(name, strconv.Itoa(def), doc))
	if err != nil || n <= 0 {
		s.Fault(name, "is not a positive whole number, such as %d", def)
		return def
	}
	return n
}

// Rate is how often something may happen. The zero Rate is no limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// Off reports whether there is no limit.
func (r Rate) Off() bool { return r.Count == 0 }

// String gives the text that [Settings.Rate] reads.
func (r Rate) String() string { return fmt.Sprintf("%d/%s", r.Count, r.Per) }

// Rate declares a setting that is a number in a time, such as 10/1m; without one there is no limit.
func (s *Settings) Rate(name, doc string) Rate {
	text := s.String(name, "", doc)
	if text == "" {
		return Rate{}
	}
	count, per, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	d, wrong := time.ParseDuration(per)
	if err != nil || wrong != nil || n <= 0 || d < time.Second {
		s.Fault(name, "is not a number in a time of a second or more, such as 10/1m")
		return Rate{}
	}
	return Rate{Count: n, Per: d}
}
