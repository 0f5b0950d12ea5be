package config_test

import (
	"errors"
	"fmt"
	"log/slog"
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
	if got := live.Look(); got != "two" {
		t.Errorf("after a change: %q", got)
	}
	f.text.Store("bad")
	for range 3 {
		if got := live.Look(); got != "two" {
			t.Errorf("after a bad change: %q, want the old value", got)
		}
	}
	if f.reads.Load() != 3 || strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), "setting=SOME_SETTING") {
		t.Errorf("read %d times, want 3; log:\n%s", f.reads.Load(), &log)
	}
	f.text.Store("three")
	if got := live.Look(); got != "three" {
		t.Errorf("after a good change: %q", got)
	}
}

func TestNewLive_refusesABadStart(t *testing.T) {
	t.Parallel()
	var f files
	f.text.Store("bad")
	if _, err := config.NewLive(slog.New(slog.DiscardHandler), "X", f.source); err == nil {
		t.Error("NewLive = nil error")
	}
}

// Whatever the load, files are looked at once a second.
func TestLive_looksOnceASecond(t *testing.T) {
	t.Parallel()
	var f files
	f.text.Store("one")
	live, err := config.NewLive(slog.New(slog.DiscardHandler), "X", f.source)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10_000 {
				_ = live.Get()
			}
		})
	}
	all.Wait()
	f.text.Store("two")
	for live.Get() != "two" { // comes true by itself within a second
		time.Sleep(time.Millisecond)
	}
	for range 1000 {
		_ = live.Get()
	}
	if allowed := 1 + int64(time.Since(start)/time.Second); f.looks.Load() > allowed {
		t.Errorf("%d looks, want at most %d", f.looks.Load(), allowed)
	}
}

// A file system that hangs holds up the one who looks and nobody else.
func TestLive_othersDoNotWait(t *testing.T) {
	t.Parallel()
	var looks atomic.Int64
	entered, gate := make(chan struct{}), make(chan struct{})
	live, err := config.NewLive(slog.New(slog.DiscardHandler), "X", func() (string, func() (int64, error)) {
		n := looks.Add(1)
		if n == 2 {
			close(entered)
			<-gate
		}
		return fmt.Sprint(n), func() (int64, error) { return n, nil }
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan int64)
	go func() { done <- live.Look() }()
	<-entered
	if got := live.Look(); got != 1 {
		t.Errorf("Get while another one looks = %d, want 1", got)
	}
	close(gate)
	if got := <-done; got != 2 || looks.Load() != 2 {
		t.Errorf("Get = %d after %d looks, want 2 after 2", got, looks.Load())
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
