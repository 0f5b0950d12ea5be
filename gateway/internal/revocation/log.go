package revocation

import (
	"context"
	"crypto/sha256"
	"time"
)

// Entry is one revocation as replicas tell it to each other.
type Entry struct {
	Whom  Digest    // whose tokens and sessions
	At    time.Time // what was issued later is not concerned
	Until time.Time // when the last token concerned has expired
}

// Digest names a user, a refresh token or an application without saying who it is.
type Digest [sha256.Size]byte

// What a Digest is of: the same id may name a user and something else.
const (
	ofUser        = "user "
	ofToken       = "token "
	ofApplication = "application "
)

// hash works on the stack for ids of the usual size.
func hash(kind, id string) Digest {
	var buffer [128]byte
	return sha256.Sum256(append(append(buffer[:0], kind...), id...))
}

// Log is where replicas find each other's revocations.
type Log interface {
	// Append makes an entry known to all who read.
	Append(ctx context.Context, e Entry) error
	// Read returns the entries after a place in the log, and the place after them. From the beginning, which is "", it
	// returns what is there; from anywhere else it waits for the next one, though not forever.
	Read(ctx context.Context, after string) (entries []Entry, next string, err error)
}

// Memory is the log of a gateway that runs alone: there is nobody to tell, and nothing outlives the process.
type Memory struct{}

// NewMemory returns a Memory.
func NewMemory() Memory { return Memory{} }

// Append implements [Log].
func (Memory) Append(context.Context, Entry) error { return nil }

// memoryPause is how often the reader of a Memory looks up.
const memoryPause = time.Minute

// Read implements [Log].
func (Memory) Read(ctx context.Context, after string) ([]Entry, string, error) {
	if after != "" {
		pause(ctx, memoryPause)
	}
	return nil, "end", nil
}

// pause ends early with ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
