package session

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"
)

// take is SET NX PX that knows its own token again, in case the answer to the first try was lost. The time is the server's, for which
// the clocks of gateways may differ as they like.
var take = redis.NewScript(`
	if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then
		return 1
	end
	return 0`)

func (s *Redis) take(ctx context.Context, name, token string, d time.Duration) (bool, error) {
	taken, err := take.Run(ctx, s.client, []string{name}, token, milliseconds(d)).Bool()
	return taken, away(err)
}

// Spend implements Store.
func (s *Redis) Spend(ctx context.Context, text string, ttl time.Duration) (bool, error) {
	return s.take(ctx, spentPrefix+hashed(text), rand.Text(), ttl)
}

// release deletes a claim unless it has become another's.
var release = redis.NewScript(`
	if redis.call('GET', KEYS[1]) == ARGV[1] then
		return redis.call('DEL', KEYS[1])
	end
	return 0`)

// Claim implements Store. A claim that cannot be given back ends with its lease.
func (s *Redis) Claim(ctx context.Context, name string, lease time.Duration) (func(), bool, error) {
	key, token := claimPrefix+hashed(name), rand.Text()
	ok, err := s.take(ctx, key, token, lease)
	if !ok {
		return func() {}, false, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyTimeout)
		defer cancel()
		if err := release.Run(ctx, s.client, []string{key}, token).Err(); err != nil {
			s.log.Warn("claim lasts until its lease ends", "err", away(err))
		}
	}, true, nil
}
