package idp

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is how an endpoint misbehaves. The zero value is an endpoint that is well.
type Fault struct {
	Delay   time.Duration // before anything else; a client that gives up ends it
	Status  int           // in place of the answer, without a body; 0 lets the endpoint answer
	Garbage bool          // a body that claims to be JSON and is none, in place of the answer
	Times   int           // requests until the endpoint is well again; 0 is for good
}

// The most that a fault may ask for.
const (
	maxDelay = time.Minute
	maxTimes = 1_000_000
)

// Why a fault cannot be had.
var (
	ErrNoRoute = errors.New("no such route")
	ErrFault   = errors.New("a fault has a delay of up to a minute, a status from 200 to 599, and a number of times that is not negative")
)

func (f Fault) check() error {
	if f.Delay < 0 || f.Delay > maxDelay || f.Status != 0 && (f.Status < 200 || f.Status > 599) || f.Times < 0 || f.Times > maxTimes {
		return ErrFault
	}
	return nil
}

// well reports whether the fault changes nothing.
func (f Fault) well() bool { return f.Delay == 0 && f.Status == 0 && !f.Garbage }

// faults are the endpoints that misbehave, by the path of their route.
type faults struct {
	mu  sync.Mutex
	set map[string]Fault
}

func newFaults() *faults { return &faults{set: map[string]Fault{}} }

func (f *faults) put(path string, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.well() {
		delete(f.set, path)
		return
	}
	f.set[path] = fault
}

// take gives the fault of a path and counts it.
func (f *faults) take(path string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := f.set[path]
	switch {
	case fault.Times == 1:
		delete(f.set, path)
	case fault.Times > 1:
		left := fault
		left.Times--
		f.set[path] = left
	}
	return fault
}

// around lets an endpoint misbehave as it is set to.
func (f *faults) around(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fault := f.take(routeOf(r))
		if !wait(r, fault.Delay) {
			return
		}
		switch {
		case fault.Garbage:
			w.Header().Set("Content-Type", "application/json;charset=UTF-8")
			w.WriteHeader(max(fault.Status, http.StatusOK))
			_, _ = w.Write([]byte(`{"keys":[`)) // cut off, as by a server that died
		case fault.Status != 0:
			empty(w, fault.Status)
		default:
			next(w, r)
		}
	}
}

// wait reports false when the client is gone before the time is over.
func wait(r *http.Request, delay time.Duration) bool {
	if delay == 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// paths lists what can be broken.
func (h *Handler) paths() []string {
	var paths []string
	for _, r := range h.routes() {
		paths = append(paths, pathOf(r.pattern))
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
