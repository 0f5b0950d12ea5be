package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/upstream/wire"
	"storefront/shared/auth"
	"storefront/shared/problem"
)

// ErrToken says that the caller's token could not be had; the cause decides the answer.
var ErrToken = errors.New("no token for the service")

// call is one request to the service, on behalf of the caller behind c.
type call struct {
	*Service
	c        *gin.Context // nil where nobody waits for it
	id       string       // of the request behind it
	source   TokenSource
	target   auth.Target
	deadline time.Time
	once     bool                // it cannot be sent again: the bytes of its body are gone
	req      *wire.Request       // is written anew for each attempt
	fill     func(*wire.Request) // adds what it carries beside what every request does
}

// ask sends the request, and once more with a renewed token if the service refuses the first: it has done nothing then.
func (a *call) ask(ctx context.Context) (*wire.Response, error) {
	token, err := a.token(false)
	if err != nil {
		return nil, err
	}
	res, err := a.send(ctx, token)
	if err != nil || res.Status != http.StatusUnauthorized || a.once {
		return res, err
	}
	renewed, err := a.token(true)
	if err == nil && renewed == token {
		return res, nil
	}
	res.Close()
	if err != nil {
		return nil, err
	}
	return a.send(ctx, renewed)
}

func (a *call) token(renew bool) (string, error) {
	token, err := a.source(a.c, a.target, renew)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	return token, nil
}

// send writes the request. Its target stands in it byte for byte as it was matched.
func (a *call) send(ctx context.Context, token string) (*wire.Response, error) {
	a.req.Start(a.target.Method, a.target.URI, a.base.Host)
	a.req.Field("User-Agent", "storefront-gateway")
	a.req.Field(problem.RequestIDHeader, a.id)
	a.req.Field("Authorization", "Bearer ", token)
	a.fill(a.req)
	return a.client.Do(ctx, a.deadline, a.req)
}
