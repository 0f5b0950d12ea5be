// Package upstream forwards a request to a service with the right token. It builds the request that goes inward and the answer that
// goes outward from allow-lists, so that a header it does not know never passes, whatever its spelling.
//
// A service in trouble is left alone: connections are not tried while most fail, and no more requests are under way than it is allowed,
// so that the rest of the gateway has its memory and its time. Which token a request carries is not this package's business: a route
// gives it a [TokenSource]. How bytes become requests and answers is [wire]'s.
package upstream

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream/wire"
	"storefront/shared/auth"
)

// Config says where a service is and how long an exchange with it may take. All is required but TLS.
type Config struct {
	URL         *url.URL
	Timeout     time.Duration // of the whole exchange
	Concurrency int           // requests that may be under way; more are refused
	TLS         *tls.Config
	Log         *slog.Logger
}

// TokenSource gives the token for one request, whose target is as it will stand in the request line. renew asks for a new one,
// because the service has refused the last; a source that has no other returns the same.
type TokenSource func(c *gin.Context, target auth.Target, renew bool) (string, error)

// Service is one service behind the gateway. It is safe for concurrent use.
type Service struct {
	base    *url.URL
	prefix  string // of every target
	timeout time.Duration
	client  *wire.Client
	limit   int64
	busy    atomic.Int64
}

// New returns a service; it opens no connection yet. A proxy of the environment is never used: tokens go to the service alone.
func New(cfg Config) (*Service, error) {
	if cfg.URL == nil || cfg.URL.Host == "" || cfg.Timeout <= 0 || cfg.Concurrency <= 0 || cfg.Log == nil {
		return nil, errors.New("upstream config: URL, Timeout, Concurrency and Log are required")
	}
	return &Service{
		base:    cfg.URL,
		prefix:  cfg.URL.EscapedPath(),
		timeout: cfg.Timeout,
		client:  wire.New(wire.Config{Dial: newDialer(cfg).dial}),
		limit:   int64(cfg.Concurrency),
	}, nil
}

// Close drops idle connections.
func (s *Service) Close() { s.client.Close() }

// target is the request target that a request for uri will have at the service.
func (s *Service) target(method, uri string) auth.Target {
	return auth.Target{Method: method, URI: s.prefix + uri}
}

// errBusy says that the service has as many requests as it may have.
var errBusy = errors.New("too many requests under way to the service")

// enter counts a request in, until leave, or reports that it is one too many. Nobody waits in a queue: who would, is better served by
// an answer at once.
func (s *Service) enter() bool {
	if s.busy.Add(1) <= s.limit {
		return true
	}
	s.leave()
	return false
}

func (s *Service) leave() { s.busy.Add(-1) }
