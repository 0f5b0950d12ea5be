// Package server is the one way to serve HTTP here: the gin engine with its middleware in order, health, metrics, limits,
// timeouts and a graceful stop. It knows nothing of tokens and roles.
package server

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// Config is what an engine needs. The zero value is refused by New.
type Config struct {
	Log *slog.Logger
	// TrustedProxies are the CIDRs whose X-Forwarded-For is believed; none by default.
	TrustedProxies []string
	// Ready reports why this process cannot serve, or nil. It looks at the process's own store, never at a sibling service,
	// or two services would wait for each other. nil is always ready.
	Ready func() error
	// BodyLimit is the largest request body in bytes; 0 is DefaultBodyLimit.
	BodyLimit int64
	// Pages shows problems to people, those of the middleware here too; nil gives everybody the document.
	Pages problem.Page
}

// DefaultBodyLimit is the largest request body that a route reads unless it says otherwise: 1 MB.
const DefaultBodyLimit = 1 << 20

// New returns an engine with health routes and without redirects, so that what was matched is what was asked. The order of the
// middleware matters: each sees only what the ones before it let through.
func New(cfg Config) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.RedirectTrailingSlash = false
	r.RedirectFixedPath = false
	r.HandleMethodNotAllowed = true
	if err := r.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, err
	}
	r.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if cfg.Pages != nil {
		r.Use(problem.Pages(cfg.Pages))
	}
	r.Use(
		requestID(),
		noSniff,
		accessLog(cfg.Log),
		measure(),
		recovery(),
		drain(),
		closeAfterTransferEncoding(),
		gate(),
		paceBody(),
		bodyLimit(cfg.BodyLimit),
	)
	r.NoRoute(NotFound)
	r.NoMethod(MethodNotAllowed)
	Get(r, "/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	Get(r, "/readyz", readyz(cfg.Ready))
	return r, nil
}

// Get registers a handler for GET and, as RFC 9110 §9.3.2 asks, for HEAD; net/http leaves the body of a HEAD answer out.
func Get(r gin.IRoutes, path string, handlers ...gin.HandlerFunc) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, handlers...)
}

// NotFound answers a path that no route has.
func NotFound(c *gin.Context) {
	problem.Respond(c, http.StatusNotFound, "There is nothing at this address.", nil)
}

// MethodNotAllowed answers a method that the path does not take; gin has set Allow.
func MethodNotAllowed(c *gin.Context) {
	problem.Respond(c, http.StatusMethodNotAllowed, "This address does not take that method.", nil)
}

func readyz(ready func() error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if stopping(c.Request.Context()) {
			problem.Unavailable(c, "This process is stopping.", nil)
			return
		}
		if ready != nil {
			if err := ready(); err != nil {
				problem.Unavailable(c, "This process cannot serve yet.", err)
				return
			}
		}
		c.String(http.StatusOK, "ready\n")
	}
}
