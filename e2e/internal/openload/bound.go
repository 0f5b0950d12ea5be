package openload

import (
	"errors"
	"fmt"
	"time"
)

// Bound is what a load must reach: the p99 that it stays under, and nothing that fails.
type Bound struct {
	P99   time.Duration
	Share float64 // of what is offered that is achieved, at least
}

// Judge returns all that is missed, or nil.
func (b Bound) Judge(r Result) error {
	var missed []error
	if r.Failed > 0 {
		missed = append(missed, fmt.Errorf("%d requests failed: %w", r.Failed, r.Failure))
	}
	if r.Answered == 0 || r.P99 >= b.P99 {
		missed = append(missed, fmt.Errorf("p99 is %s, and must be under %s", r.P99.Round(time.Microsecond), b.P99))
	}
	if r.Achieved < b.Share*r.Offered {
		missed = append(missed, fmt.Errorf("achieved %.1f requests/s of %.1f, and must %.0f %%", r.Achieved, r.Offered, 100*b.Share))
	}
	return errors.Join(missed...)
}
