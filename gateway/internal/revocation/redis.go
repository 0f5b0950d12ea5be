package revocation

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// stream is the key of the log. A stream, where publish/subscribe would lose what is said while a connection is broken.
const stream = "storefront:revocations"

const (
	// retention is how long the log keeps an entry by Redis's own clock: as long as any revocation lives, with room for
	// a gateway's clock that goes wrong, since it is the gateway that says from when on.
	retention = MaxTokenLife + time.Hour
	// readPause is how long a read waits for the next entry, and so how long the end of the process waits for the read:
	// the client gives up no command for a context that is cancelled.
	readPause = 500 * time.Millisecond
	pageSize  = 1000
)

// The fields of an entry. No field names anybody: whom is a hash.
const (
	fieldWhom  = "whom"  // Digest in hex
	fieldAt    = "at"    // unix milliseconds
	fieldUntil = "until" // unix milliseconds
)

// Redis is the log that replicas share: a Redis stream, which is read again by whoever starts or comes back.
type Redis struct{ client *redis.Client }

// NewRedis returns a log in the server of the client. It does not connect.
func NewRedis(client *redis.Client) *Redis { return &Redis{client} }

// Append implements [Log]. The stream drops what is older than its retention, and goes away when nobody appends.
func (r *Redis) Append(ctx context.Context, e Entry) error {
	_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.XAdd(ctx, &redis.XAddArgs{
			Stream: stream,
			MinID:  strconv.FormatInt(time.Now().Add(-retention).UnixMilli(), 10),
			Approx: true,
			Values: []any{fieldWhom, hex.EncodeToString(e.Whom[:]), fieldAt, e.At.UnixMilli(), fieldUntil, e.Until.UnixMilli()},
		})
		p.PExpire(ctx, stream, retention)
		return nil
	})
	if err != nil {
		return fmt.Errorf("append revocation: %w", err)
	}
	return nil
}

// Read implements [Log].
func (r *Redis) Read(ctx context.Context, after string) ([]Entry, string, error) {
	if after != "" {
		return r.page(ctx, after, readPause)
	}
	var all []Entry
	for after = "0-0"; ; {
		entries, next, err := r.page(ctx, after, -1)
		if err != nil {
			return nil, "", err
		}
		if next == after {
			return all, next, nil
		}
		all, after = append(all, entries...), next
	}
}

// page reads what comes after a place; where nothing does, it waits, unless the time to wait is negative.
func (r *Redis) page(ctx context.Context, after string, wait time.Duration) ([]Entry, string, error) {
	streams, err := r.client.XRead(ctx, &redis.XReadArgs{Streams: []string{stream, after}, Count: pageSize, Block: wait}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, after, nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read revocations: %w", err)
	}
	var entries []Entry
	for _, message := range streams[0].Messages {
		// What another version of the gateway has written may not be an entry here, and must not stop the reading.
		if e, err := parseEntry(message.Values); err == nil {
			entries = append(entries, e)
		}
		after = message.ID
	}
	return entries, after, nil
}

func parseEntry(fields map[string]any) (Entry, error) {
	text := func(name string) string { s, _ := fields[name].(string); return s }
	whom, err1 := hex.DecodeString(text(fieldWhom))
	at, err2 := strconv.ParseInt(text(fieldAt), 10, 64)
	until, err3 := strconv.ParseInt(text(fieldUntil), 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil || len(whom) != len(Digest{}) {
		return Entry{}, errors.New("not a revocation")
	}
	return Entry{Whom: Digest(whom), At: time.UnixMilli(at), Until: time.UnixMilli(until)}, nil
}
