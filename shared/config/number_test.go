package config_test

import (
	"strings"
	"testing"
	"time"

	"storefront/shared/config"
)

func TestInt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 7, "1": 1, "512": 512, "0": 0, "-3": 0, "many": 0, "1.5": 0, "99999999999999999999": 0} {
		s := config.Read([]string{"UPSTREAM_CONCURRENCY=" + text})
		got, err := s.Int("UPSTREAM_CONCURRENCY", 7, "requests at once"), s.Err()
		if want == 0 && (err == nil || !strings.Contains(err.Error(), "UPSTREAM_CONCURRENCY: is not a positive whole number")) {
			t.Errorf("%q: %v, want a fault", text, err)
		}
		if want != 0 && (got != want || err != nil) {
			t.Errorf("%q = %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Rate{
		"10/1m": {Count: 10, Per: time.Minute}, "1/1s": {Count: 1, Per: time.Second}, "100/1h30m": {Count: 100, Per: 90 * time.Minute}, "": {},
	} {
		s := config.Read([]string{"RATE_LIMIT_API=" + text})
		if got, err := s.Rate("RATE_LIMIT_API", "how often"), s.Err(); got != want || err != nil || got.Off() != (text == "") {
			t.Errorf("%q = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"10", "/1m", "10/", "0/1m", "-1/1m", "10/0s", "10/-1m", "10/1ms", "x/1m", "10/minute", "10/1m/1", "1.5/1m"} {
		s := config.Read([]string{"RATE_LIMIT_API=" + text})
		if got := s.Rate("RATE_LIMIT_API", "how often"); s.Err() == nil || !got.Off() {
			t.Errorf("%q = %v, %v, want a fault", text, got, s.Err())
		}
	}
}
