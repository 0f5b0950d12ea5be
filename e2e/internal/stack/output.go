package stack

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// output is the one terminal that all services write to, a line at a time.
type output struct {
	mu     sync.Mutex
	w      io.Writer
	width  int // of the longest name
	colour bool
}

func newOutput(w io.Writer, colour bool) *output {
	out := &output{w: w, colour: colour}
	for _, svc := range services {
		out.width = max(out.width, len(svc.name))
	}
	return out
}

// Limits of what is kept of a service's output.
const (
	tailLines = 12
	maxLine   = 64 << 10
)

// lines is the output of one service: it cuts it into lines, puts the service's name before each, and remembers the last ones.
type lines struct {
	out    *output
	prefix string
	mu     sync.Mutex
	rest   []byte
	last   []string
}

func (o *output) lines(svc service) *lines {
	prefix := fmt.Sprintf("%-*s │ ", o.width, svc.name)
	if o.colour {
		prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", svc.colour, prefix)
	}
	return &lines{out: o, prefix: prefix}
}

// Write implements io.Writer. It never fails: a terminal that is gone must not end the services.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 && len(l.rest) < maxLine {
			return len(p), nil
		}
		if end < 0 {
			end = len(l.rest)
		}
		l.emit(string(l.rest[:end]))
		l.rest = l.rest[min(end+1, len(l.rest)):]
	}
}

// flush writes a last line that has no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.emit(string(l.rest))
		l.rest = nil
	}
}

func (l *lines) emit(line string) {
	l.last = append(l.last, line)
	if len(l.last) > tailLines {
		l.last = l.last[1:]
	}
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	_, _ = fmt.Fprintln(l.out.w, l.prefix+line)
}

func (l *lines) tail() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}
