package chaos

import (
	"context"
	"net/http"
	"time"
)

// Line is a line that a test spoils.
type Line struct{ *line }

// OpenLine opens a line on a free port.
func OpenLine(upstream string) (Line, string, error) {
	l, err := newLine("test", "127.0.0.1:0", upstream)
	if err == nil {
		l.listen = l.proxy.Listen // it stays there when it is mended
	}
	return Line{l}, l.listen, err
}

// The steps of a test.
func (l Line) Spoil(f Fault) error { return l.spoil(f) }
func (l Line) Mend() error         { return l.mend() }
func (l Line) Close()              { l.close() }

// Visit makes every request once at what stands for all services.
func Visit(ctx context.Context, at string, within time.Duration) func() []Outcome {
	v := &visitor{urls: map[string]string{"gateway": at, "catalog": at}, transport: &http.Transport{MaxIdleConnsPerHost: -1}, known: map[string][]byte{}}
	return func() []Outcome { return v.try(ctx, within) }
}

// Seen makes a row of what was seen while a process died.
func Seen(outcomes ...Outcome) map[Outcome]int {
	seen := map[Outcome]int{}
	for _, o := range outcomes {
		seen[o]++
	}
	return seen
}
