// Package upstream forwards a request to a service with the right token. It builds the request that goes inward and the answer that
// goes outward from allow-lists, so that a header it does not know never passes, whatever its spelling.
//
// Which token a request carries is not its business: a route gives it a [TokenSource].
package upstream

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
)

// Config says where a service is and how long an exchange with it may take.
type Config struct {
	URL     *url.URL
	Timeout time.Duration // of the whole exchange
	TLS     *tls.Config
}

// TokenSource gives the token for one request, whose target is as it will stand in the request line. renew asks for a new one,
// because the service has refused the last; a source that has no other returns the same.
type TokenSource func(c *gin.Context, target auth.Target, renew bool) (string, error)

// Service is one service behind the gateway. It is safe for concurrent use.
type Service struct {
	base      *url.URL
	timeout   time.Duration
	transport *http.Transport
}

// New returns a service; it opens no connection yet. A proxy of the environment is never used: tokens go to the service alone.
func New(cfg Config) (*Service, error) {
	if cfg.URL == nil || cfg.URL.Host == "" || cfg.Timeout <= 0 {
		return nil, errors.New("upstream config: URL and Timeout are required")
	}
	dialer := &net.Dialer{Timeout: min(cfg.Timeout, 3*time.Second), KeepAlive: 30 * time.Second}
	return &Service{
		base:    cfg.URL,
		timeout: cfg.Timeout,
		transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        cfg.TLS,
			TLSHandshakeTimeout:    3 * time.Second,
			MaxIdleConnsPerHost:    512, // the default of 2 costs a connection per request under load
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
		},
	}, nil
}

// Close drops idle connections.
func (s *Service) Close() { s.transport.CloseIdleConnections() }

// target is the request target that a request for uri will have at the service.
func (s *Service) target(method, uri string) auth.Target {
	return auth.Target{Method: method, URI: s.base.EscapedPath() + uri}
}
