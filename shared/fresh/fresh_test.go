package fresh_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"storefront/shared/fresh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	pause      = 10 * time.Second
	emptyPause = time.Second
	patience   = time.Minute
	due        = 5 * time.Minute
	until      = 10 * time.Minute
)

// well is where values come from: 1, 2, 3, each due and ending when the test says.
type well struct {
	*fresh.Value[int]
	ahead   atomic.Int64
	fetches atomic.Int64
	down    atomic.Bool
	gate    atomic.Pointer[chan struct{}] // fetches wait for it
}

var (
	noon    = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("the well is dry")
)

func newWell(until time.Duration) *well {
	w := &well{}
	w.Value = fresh.New(fresh.Config[int]{Fetch: func(context.Context) (fresh.Fetched[int], error) {
		n := w.fetches.Add(1)
		if gate := w.gate.Load(); gate != nil {
			<-*gate
		}
		if w.down.Load() {
			return fresh.Fetched[int]{}, errDown
		}
		f := fresh.Fetched[int]{Value: int(n), Due: w.now().Add(due)}
		if until > 0 {
			f.Until = w.now().Add(until)
		}
		return f, nil
	}, Pause: pause, EmptyPause: emptyPause, Patience: patience, Now: w.now})
	return w
}

func (w *well) now() time.Time          { return noon.Add(time.Duration(w.ahead.Load())) }
func (w *well) advance(d time.Duration) { w.ahead.Add(int64(d)) }

// hold makes the next fetches wait until release is called.
func (w *well) hold() (release func()) {
	gate := make(chan struct{})
	w.gate.Store(&gate)
	return func() { close(gate) }
}

func anything(int) bool { return true }
func nothing(int) bool  { return false }

func (w *well) want(t *testing.T, when string, accept func(int) bool, want int, wantErr error) {
	t.Helper()
	got, err := w.Get(t.Context(), accept)
	if got != want || !errors.Is(err, wantErr) {
		t.Errorf("%s: Get = %d, %v, want %d, %v", when, got, err, want, wantErr)
	}
}

func (w *well) settle(t *testing.T, fetches int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); w.Renewing() || w.fetches.Load() < fetches; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d fetches, want %d", w.fetches.Load(), fetches)
		}
	}
	if w.fetches.Load() != fetches {
		t.Errorf("%d fetches, want %d", w.fetches.Load(), fetches)
	}
}

func TestValue_ages(t *testing.T) {
	t.Parallel()
	w := newWell(until)
	w.settle(t, 0)
	w.want(t, "first", anything, 1, nil)
	w.advance(due - 1)
	w.want(t, "just before it is due", anything, 1, nil)
	w.settle(t, 1)
	w.advance(1)
	w.want(t, "due: renewed behind the back", anything, 1, nil)
	w.settle(t, 2)
	w.want(t, "renewed", anything, 2, nil)
	w.advance(due + patience)
	w.want(t, "overdue: waited for", anything, 3, nil)
	w.advance(until)
	w.want(t, "ended: waited for", anything, 4, nil)
	w.settle(t, 4)
}

func TestValue_fetchFails(t *testing.T) {
	t.Parallel()
	w := newWell(until)
	w.down.Store(true)
	w.want(t, "from the start", anything, 0, errDown)
	w.want(t, "at once again", anything, 0, errDown)
	w.settle(t, 1)
	w.advance(emptyPause)
	w.down.Store(false)
	w.want(t, "back", anything, 2, nil)

	w.down.Store(true)
	w.advance(due + patience)
	w.want(t, "overdue", anything, 2, nil)
	w.settle(t, 3)
	release := w.hold()
	w.advance(pause)
	for range 100 {
		w.want(t, "overdue, and the last fetch has failed", anything, 2, nil)
	}
	if !w.Renewing() {
		t.Error("somebody has waited")
	}
	release()
	w.settle(t, 4)
	w.advance(until)
	w.want(t, "ended", anything, 0, errDown)
	w.want(t, "ended, at once again", anything, 0, errDown)
	w.settle(t, 5)
	w.advance(emptyPause)
	w.down.Store(false)
	w.want(t, "back after its end", anything, 6, nil)
}

func TestValue_notAccepted(t *testing.T) {
	t.Parallel()
	w := newWell(0)
	w.want(t, "first", nothing, 1, nil)
	w.want(t, "in the pause", nothing, 1, nil)
	w.advance(pause - 1)
	w.want(t, "at the end of the pause", nothing, 1, nil)
	w.advance(1)
	w.want(t, "after the pause", nothing, 2, nil)
	w.advance(pause)
	w.down.Store(true)
	w.want(t, "no better one to be had", nothing, 0, errDown)
	w.want(t, "it is good for others", anything, 2, nil)
	w.advance(24 * time.Hour)
	w.want(t, "it never ends", anything, 2, nil)
}

// A value that ends within the pause is not handed out after its end.
func TestValue_shortLived(t *testing.T) {
	t.Parallel()
	w := newWell(emptyPause / 2)
	w.want(t, "first", anything, 1, nil)
	w.advance(emptyPause / 2)
	if got, err := w.Get(t.Context(), anything); err == nil {
		t.Errorf("ended: Get = %d, want an error", got)
	}
	w.advance(emptyPause / 2)
	w.want(t, "after the pause", anything, 2, nil)
}

func TestValue_onlyOneFetchAtATime(t *testing.T) {
	t.Parallel()
	w := newWell(until)
	release := w.hold()
	impatient, giveUp := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := w.Get(impatient, anything)
		left <- err
	}()
	for w.fetches.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { w.want(t, "waited", anything, 1, nil) })
	}
	giveUp()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("Get of a request that was given up = %v", err)
	}
	release()
	all.Wait()

	w.gate.Store(nil)
	release = w.hold()
	w.advance(due)
	for range 50 {
		all.Go(func() { w.want(t, "not waited", anything, 1, nil) })
	}
	all.Wait()
	release()
	w.settle(t, 2)
}

func BenchmarkGet(b *testing.B) {
	w := newWell(until)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.Get(b.Context(), anything); err != nil {
				b.Fatal(err)
			}
		}
	})
}
