package session

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"storefront/gateway/internal/sealed"
	"storefront/shared/config"
)

// Redis is the store that gateways share: what one of them keeps, all know, and a gateway that ends loses nobody's session.
//
// Whoever reads the Redis server learns how many sessions there are and which belong to one user, but not whose: keys are hashes, and
// records are sealed, each to its own key. A session is a hash with the fields
//
//	record   sealed; it holds the absolute end
//	version  of the record, for compare-and-swap
//	used     when it was last used, unix milliseconds
//	user     the key of the index it stands in
//
// The gateway judges idle and absolute end by its own clock; Redis forgets by its own, too, so that nothing remains of what ended.
type Redis struct {
	client *redis.Client
	box    *sealed.Box
	idle   time.Duration
	log    *slog.Logger
	now    func() time.Time
}

// RedisConfig is what NewRedis needs.
type RedisConfig struct {
	Client *redis.Client   // of OpenRedis
	Secret config.Rotating // seals records
	Idle   time.Duration   // how long a session lasts without use
	Log    *slog.Logger
	Now    func() time.Time // nil is time.Now
}

const (
	sessionPrefix = "storefront:session:"
	userPrefix    = "storefront:user:"
	spentPrefix   = "storefront:spent:"
	claimPrefix   = "storefront:claim:"
)

// NewRedis returns a store that keeps everything in the Redis server of cfg.Client. It does not connect.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	if cfg.Client == nil || cfg.Log == nil || cfg.Idle <= 0 {
		return nil, errors.New("session store config: Client, Log and Idle are required")
	}
	box, err := sealed.New(cfg.Log, cfg.Secret, "storefront session")
	if err != nil {
		return nil, fmt.Errorf("session store config: Secret: %w", err)
	}
	s := &Redis{client: cfg.Client, box: box, idle: cfg.Idle, log: cfg.Log, now: cfg.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// create keeps a session and notes it in its user's index, from which it drops those whose absolute end is past. The index lives as
// long as the longest of its sessions may.
var create = redis.NewScript(`
	redis.call('HSET', KEYS[1], 'record', ARGV[1], 'version', ARGV[2], 'used', ARGV[3], 'user', KEYS[2])
	redis.call('PEXPIRE', KEYS[1], ARGV[4])
	redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
	redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6])
	if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[7]) then
		redis.call('PEXPIRE', KEYS[2], ARGV[7])
	end
	return 1`)

// Create implements Store.
func (s *Redis) Create(ctx context.Context, key Key, r Record) error {
	name, now := sessionName(key), s.now()
	envelope, err := s.seal(name, r)
	if err != nil {
		return err
	}
	life := milliseconds(r.Expires.Sub(now))
	err = create.Run(ctx, s.client, []string{name, userName(r.Subject)},
		envelope, r.Version, now.UnixMilli(), s.ttl(r, now), r.Expires.UnixMilli(), key[:], life).Err()
	return away(err)
}

// Load implements Store.
func (s *Redis) Load(ctx context.Context, key Key) (Record, error) {
	fields, err := s.client.HMGet(ctx, sessionName(key), "record", "used").Result()
	if err != nil {
		return Record{}, away(err)
	}
	r, used, err := s.read(key, fields)
	if err != nil {
		return Record{}, err
	}
	return r, s.touch(ctx, key, r, used)
}

// touch notes a use, if the session is still there.
var touch = redis.NewScript(`
	if redis.call('EXISTS', KEYS[1]) == 1 then
		redis.call('HSET', KEYS[1], 'used', ARGV[1])
		redis.call('PEXPIRE', KEYS[1], ARGV[2])
	end
	return 1`)

// touch spares the server a write for each read: a busy session is noted as used once a minute. It may therefore end that much
// early when it falls idle, and never late.
func (s *Redis) touch(ctx context.Context, key Key, r Record, used time.Time) error {
	now := s.now()
	if now.Sub(used) < min(time.Minute, s.idle/20) {
		return nil
	}
	return away(touch.Run(ctx, s.client, []string{sessionName(key)}, now.UnixMilli(), s.ttl(r, now)).Err())
}

// replace writes only over the version that was read, so that it neither undoes another's work nor revives what is gone. It knows
// its own work again, in case the answer to the first try was lost.
var replace = redis.NewScript(`
	local kept = redis.call('HMGET', KEYS[1], 'version', 'used', 'record')
	if not kept[1] or tonumber(kept[2]) <= tonumber(ARGV[4]) then return 'none' end
	if kept[3] == ARGV[3] then return 'done' end
	if kept[1] ~= ARGV[1] then return 'changed' end
	redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3])
	return 'done'`)

// Replace implements Store.
func (s *Redis) Replace(ctx context.Context, key Key, r Record) error {
	name, now, version := sessionName(key), s.now(), r.Version
	if !now.Before(r.Expires) {
		return ErrNone
	}
	r.Version++
	envelope, err := s.seal(name, r)
	if err != nil {
		return err
	}
	answer, err := replace.Run(ctx, s.client, []string{name}, version, r.Version, envelope, now.Add(-s.idle).UnixMilli()).Text()
	switch {
	case err != nil:
		return away(err)
	case answer == "none":
		return ErrNone
	case answer == "changed":
		return ErrChanged
	}
	return nil
}

// Delete implements Store.
func (s *Redis) Delete(ctx context.Context, key Key) error {
	user, err := s.client.HGet(ctx, sessionName(key), "user").Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return away(err)
	}
	_, err = s.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.Del(ctx, sessionName(key))
		tx.ZRem(ctx, user, key[:])
		return nil
	})
	return away(err)
}

// ttl is when Redis may forget a session that is used now.
func (s *Redis) ttl(r Record, now time.Time) int64 {
	return milliseconds(min(s.idle, r.Expires.Sub(now)))
}

// milliseconds rounds up: to Redis, a life of nothing is an error.
func milliseconds(d time.Duration) int64 { return max(d, 0).Milliseconds() + 1 }

func sessionName(key Key) string { return sessionPrefix + base64.RawURLEncoding.EncodeToString(key[:]) }

// away turns the client's errors into ours. Of an error that the server worded it leaves out the arguments that some of them repeat:
// the password may be among them.
func away(err error) error {
	if err == nil {
		return nil
	}
	if worded, ok := errors.AsType[redis.Error](err); ok {
		text, _, _ := strings.Cut(worded.Error(), ", with args")
		return fmt.Errorf("%w: redis answers %s", ErrAway, strconv.Quote(text))
	}
	return fmt.Errorf("%w: redis: %w", ErrAway, err)
}
