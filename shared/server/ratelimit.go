package server

import (
	"container/list"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"storefront/shared/config"
	"storefront/shared/problem"
)

// maxClients bounds the memory of one limit: some five megabytes. The client that has been quiet for longest is forgotten first.
const maxClients = 16 << 10

// RateLimit returns the middleware that answers 429 to a client that asks more often than the limit, of which it tells every client
// (draft-ietf-httpapi-ratelimit-headers). The zero limit is none. A client is its subject where the routes before have
// authenticated one, else its address, as TRUSTED_PROXIES lets it be seen.
func RateLimit(name string, limit config.Rate) gin.HandlerFunc {
	if limit.Off() {
		return func(*gin.Context) {}
	}
	clients := newClients(limit)
	policy := fmt.Sprintf("%q;q=%d;w=%d", name, limit.Count, seconds(limit.Per))
	return func(c *gin.Context) {
		q := clients.take(clientKey(c), time.Now())
		c.Header("RateLimit-Policy", policy)
		c.Header("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", name, q.left, seconds(q.full)))
		if !q.granted {
			c.Header("Retry-After", strconv.Itoa(seconds(q.next)))
			problem.Respond(c, http.StatusTooManyRequests, "You have asked too often; wait a little.", errors.New("rate limit "+name))
		}
	}
}

// clientKey names who asks. Addresses of IPv6 count by network, since a single customer has one of /64 (RFC 6177).
func clientKey(c *gin.Context) string {
	if subject := c.GetString(gin.AuthUserKey); subject != "" {
		return "subject " + subject
	}
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil || addr.Unmap().Is4() {
		return addr.Unmap().String()
	}
	network, _ := addr.WithZone("").Prefix(64) // of IPv6, which has so many bits
	return network.String()
}

// seconds rounds up, so that who waits so long has waited long enough.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// clients keeps a bucket of tokens for each client that was seen lately.
type clients struct {
	limit config.Rate
	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of *client, the latest first
}

type client struct {
	key    string
	bucket *rate.Limiter
}

func newClients(limit config.Rate) *clients {
	return &clients{limit: limit, byKey: map[string]*list.Element{}, order: list.New()}
}

// quota is what a client has left.
type quota struct {
	granted bool
	left    int
	next    time.Duration // until another request is granted
	full    time.Duration // until all are
}

func (s *clients) take(key string, now time.Time) quota {
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket := s.bucket(key)
	q := quota{granted: bucket.AllowN(now, 1)}
	tokens := max(0, bucket.TokensAt(now))
	q.left = int(tokens)
	each := s.limit.Per / time.Duration(s.limit.Count)
	q.next = time.Duration(max(0, 1-tokens) * float64(each))
	q.full = time.Duration((float64(s.limit.Count) - tokens) * float64(each))
	return q
}

func (s *clients) bucket(key string) *rate.Limiter {
	if e, ok := s.byKey[key]; ok {
		s.order.MoveToFront(e)
		return e.Value.(*client).bucket
	}
	if s.order.Len() >= maxClients {
		oldest := s.order.Back()
		delete(s.byKey, s.order.Remove(oldest).(*client).key)
	}
	each := s.limit.Per / time.Duration(s.limit.Count)
	c := &client{key, rate.NewLimiter(rate.Every(each), s.limit.Count)}
	s.byKey[key] = s.order.PushFront(c)
	return c.bucket
}
