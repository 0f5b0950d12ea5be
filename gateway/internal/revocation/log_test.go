package revocation_test

import (
	"context"
	"strconv"
	"sync"
	"time"

	"storefront/gateway/internal/revocation"
)

// brokenLog is a log that fails when it is told to, and that gives its readers what a test puts in.
type brokenLog struct {
	mu      sync.Mutex
	err     error
	entries []revocation.Entry
	reads   int
}

func (b *brokenLog) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *brokenLog) put(entries ...revocation.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, entries...)
}

func (b *brokenLog) tries() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reads
}

func (b *brokenLog) Append(_ context.Context, e revocation.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.entries = append(b.entries, e)
	}
	return b.err
}

func (b *brokenLog) Read(ctx context.Context, after string) ([]revocation.Entry, string, error) {
	if after != "" && ctx.Err() == nil {
		time.Sleep(time.Millisecond) // as a server that lets the reader wait
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	place, _ := strconv.Atoi(after)
	return b.entries[place:], strconv.Itoa(len(b.entries)), b.err
}

// entry revokes a user at a time after noon, for so long.
func entry(user string, after, life time.Duration) revocation.Entry {
	return revocation.Entry{Whom: revocation.User(user), At: noon.Add(after), Until: noon.Add(after + life)}
}
