package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/shared/config"
)

// journal is a log that a test reads while others write.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// await waits for a file to be looked at again, which takes up to a second.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// files stands for the files behind a value: a text, or none when it is bad.
type files struct {
	text  atomic.Value
	looks atomic.Int64
	reads atomic.Int64
}

func (f *files) source() (string, func() (string, error)) {
	f.looks.Add(1)
	text := f.text.Load().(string)
	return text, func() (string, error) {
		f.reads.Add(1)
		if text == "bad" {
			return "", errors.New("is bad")
		}
		return text, nil
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	var f files
	var log journal
	f.text.Store("one")
	live, err := config.NewLive(log.logger(), "SOME_SETTING", f.source)
	if err != nil || live.Get() != "one" {
		t.Fatalf("NewLive = %v, %q", err, live.Get())
	}
	f.text.Store("two")
	await(t, "the change", func() bool { return live.Get() == "two" })
	f.text.Store("bad")
	await(t, "a look at what is bad", func() bool { _ = live.Get(); return f.reads.Load() == 3 })
	looks := f.looks.Load()
	await(t, "two more looks", func() bool { return live.Get() == "two" && f.looks.Load() >= looks+2 })
	if f.reads.Load() != 3 || strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), "setting=SOME_SETTING") {
		t.Errorf("read %d times, want 3; log:\n%s", f.reads.Load(), &log)
	}
	f.text.Store("three")
	await(t, "what is good again", func() bool { return live.Get() == "three" })
}

func TestNewLive_refusesABadStart(t *testing.T) {
	t.Parallel()
	var f files
	f.text.Store("bad")
	if _, err := config.NewLive(slog.New(slog.DiscardHandler), "X", f.source); err == nil {
		t.Error("NewLive = nil error")
	}
}

// Whatever the load, files are looked at once a second, by one at a time, and the others do not wait.
func TestLive_looksOnceASecond(t *testing.T) {
	t.Parallel()
	var looking, most, looks atomic.Int64
	gate := make(chan struct{})
	live, err := config.NewLive(slog.New(slog.DiscardHandler), "X", func() (string, func() (int64, error)) {
		most.Store(max(most.Load(), looking.Add(1)))
		defer looking.Add(-1)
		n := looks.Add(1)
		if n == 2 {
			<-gate
		}
		return fmt.Sprint(n), func() (int64, error) { return n, nil }
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for live.Get() < 3 {
				runtime.Gosched()
			}
		})
	}
	await(t, "the second look", func() bool { return looks.Load() == 2 })
	for range 1000 {
		if live.Get() != 1 {
			t.Fatal("the value changes before it is there")
		}
	}
	close(gate)
	all.Wait()
	if allowed := 2 + int64(time.Since(start)/time.Second); looks.Load() > allowed || most.Load() != 1 {
		t.Errorf("%d looks, want at most %d; %d at a time", looks.Load(), allowed, most.Load())
	}
}

func BenchmarkLive(b *testing.B) {
	var f files
	f.text.Store("one")
	live, err := config.NewLive(slog.New(slog.DiscardHandler), "X", f.source)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = live.Get()
		}
	})
}
