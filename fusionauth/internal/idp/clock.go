package idp

import (
	"sync/atomic"
	"time"
)

// clock is the time of this server, which can be set apart from that of its clients.
type clock struct {
	base func() time.Time
	skew atomic.Int64 // time.Duration
}

func newClock(base func() time.Time) *clock {
	if base == nil {
		base = time.Now
	}
	return &clock{base: base}
}

func (c *clock) now() time.Time { return c.base().Add(time.Duration(c.skew.Load())) }
