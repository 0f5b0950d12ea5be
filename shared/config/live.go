package config

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how long a [Live] value is used before its files are looked at again.
const lookEvery = time.Second

// Source looks at the files behind a [Live] value. The mark changes whenever they do; read makes the value of a new mark.
type Source[T any] func() (mark string, read func() (T, error))

// Live is a value that is made from files and made anew when they change, so that a service need not start again. It needs
// no goroutine: at most once a second, whoever asks for the value looks at the files. What cannot be used is logged once,
// and the value stays what it was. It is safe for concurrent use.
type Live[T any] struct {
	log    *slog.Logger
	name   string // of the setting
	source Source[T]
	start  time.Time
	looked atomic.Int64 // nanoseconds since start
	value  atomic.Pointer[T]
	mu     sync.Mutex // held by the one who looks
	mark   string
}

// NewLive makes the value for the first time; here a fault is an error.
func NewLive[T any](log *slog.Logger, name string, source Source[T]) (*Live[T], error) {
	l := &Live[T]{log: log, name: name, source: source, start: time.Now()}
	mark, read := source()
	v, err := read()
	if err != nil {
		return nil, err
	}
	l.mark = mark
	l.value.Store(&v)
	return l, nil
}

// Get returns the value. Nobody waits for another one's look at the files.
func (l *Live[T]) Get() T {
	if now := time.Since(l.start); now-time.Duration(l.looked.Load()) >= lookEvery && l.mu.TryLock() {
		l.looked.Store(int64(now))
		l.look()
		l.mu.Unlock()
	}
	return *l.value.Load()
}

func (l *Live[T]) look() {
	mark, read := l.source()
	if mark == l.mark {
		return
	}
	l.mark = mark
	v, err := read()
	if err != nil {
		l.log.Error("changed setting cannot be used, the old value stays", "setting", l.name, "err", err)
		return
	}
	l.value.Store(&v)
	l.log.Info("changed setting is in use", "setting", l.name)
}
