package main

import (
	"context"
	_ "embed" // the document
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/apidocs"
	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/openapi"
)

// description is what the gateway has of its own; see shared/openapi.
//
//go:embed openapi.yaml
var description []byte

// mountDocs adds the documentation of all routes, with what the services say of theirs.
func mountDocs(r *gin.Engine, cfg Config, d *dependencies, log *slog.Logger) error {
	docs, err := apidocs.New(apidocs.Config{
		Source: description, URL: cfg.GatewayURL.String(), Log: log,
		Services: []apidocs.Service{
			{Name: "catalog", Fetch: d.documentOf("catalog", d.catalog)},
			{Name: "inventory", Fetch: d.documentOf("inventory", d.inventory)},
		},
	})
	if err != nil {
		return err
	}
	docs.Mount(r, d.pages.Dress)
	return nil
}

// documentPatience is how long a reader waits for a service that has not answered yet, the token included.
const documentPatience = 2 * time.Second

// documentOf fetches a service's document with a token of the gateway's own, or of the anonymous service user: any will do.
func (d *dependencies) documentOf(audience string, service *upstream.Service) func(context.Context) (json.RawMessage, error) {
	source := func(ctx context.Context, target auth.Target, renew bool) (string, error) {
		return d.token(ctx, audience, target, renew)
	}
	return func(ctx context.Context) (text json.RawMessage, err error) {
		ctx, cancel := context.WithTimeout(ctx, documentPatience)
		defer cancel()
		err = service.Fetch(ctx, source, upstream.Message{Method: http.MethodGet, URI: openapi.Path, Within: documentPatience}, &text)
		return text, err
	}
}
