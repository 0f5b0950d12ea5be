package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

// userName is the key of a user's index: a sorted set of the keys of sessions by their absolute ends.
func userName(subject string) string { return userPrefix + hashed(subject) }

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// OfUser implements Store. What it finds gone it takes out of the index.
func (s *Redis) OfUser(ctx context.Context, subject string) ([]Current, error) {
	members, err := s.client.ZRange(ctx, userName(subject), 0, -1).Result()
	if err != nil || len(members) == 0 {
		return nil, away(err)
	}
	keys, records, err := s.fetch(ctx, members)
	if err != nil {
		return nil, err
	}
	var found []Current
	var gone []any
	for i, key := range keys {
		fields := records[i].Val()
		r, _, err := s.read(key, fields)
		switch {
		case fields[0] == nil:
			gone = append(gone, key[:])
		case err == nil && r.Subject == subject:
			found = append(found, Current{Record: r, Key: key})
		case err != nil && !errors.Is(err, ErrNone):
			return nil, err
		}
	}
	slices.SortFunc(found, newestFirst)
	if len(gone) > 0 {
		err = away(s.client.ZRem(ctx, userName(subject), gone...).Err())
	}
	return found, err
}

func (s *Redis) fetch(ctx context.Context, members []string) ([]Key, []*redis.SliceCmd, error) {
	var keys []Key
	var records []*redis.SliceCmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, member := range members {
			var key Key
			copy(key[:], member)
			keys = append(keys, key)
			records = append(records, p.HMGet(ctx, sessionName(key), "record", "used"))
		}
		return nil
	})
	return keys, records, away(err)
}
