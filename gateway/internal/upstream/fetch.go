package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/server"
)

// maxFetched bounds a document that the gateway reads for itself.
const maxFetched = 1 << 20

// Fetch gets a JSON document of the service into v, for a page of the gateway's own that waits no longer than within.
func (s *Service) Fetch(c *gin.Context, source TokenSource, uri string, within time.Duration, v any) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), min(within, s.timeout))
	defer cancel()
	target := s.target(http.MethodGet, uri)
	token, err := source(c, target, false)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	req, err := s.request(ctx, target, token, server.RequestID(c))
	if err != nil {
		return err
	}
	res, err := s.transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", uri, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch %s: service answered %d", uri, res.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxFetched)).Decode(v); err != nil {
		return fmt.Errorf("fetch %s: %w", uri, err)
	}
	return nil
}
