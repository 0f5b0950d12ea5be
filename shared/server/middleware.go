package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// requestID names the request. A client's own id is kept only when it is short and plain, since it is written to logs and
// forwarded.
func requestID() gin.HandlerFunc {
	return func(c *gin.Context) {
		id := c.GetHeader(problem.RequestIDHeader)
		if !plainID(id) {
			id = rand.Text()
		}
		c.Header(problem.RequestIDHeader, id)
		c.Set(requestIDKey, id)
	}
}

const requestIDKey = "server.request_id"

func plainID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, b := range []byte(id) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_':
		default:
			return false
		}
	}
	return true
}

// noSniff keeps browsers from taking an answer for another type than it says, such as JSON for a page.
func noSniff(c *gin.Context) { c.Header("X-Content-Type-Options", "nosniff") }

// RequestID is the id of the request, as it stands in the answer's X-Request-Id. Goroutines of one request may ask at the same time.
func RequestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// accessLog writes one line per request, after it, also when the answer was cut off.
func accessLog(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		defer func() { logRequest(log, c, time.Since(start)) }()
		c.Next()
	}
}

// logRequest names the route by its template: paths and queries may hold what must not be logged. Error level is for our own
// faults alone. Health checks are left out.
func logRequest(log *slog.Logger, c *gin.Context, took time.Duration) {
	status, route, level := outcome(c), c.FullPath(), slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if route == "/healthz" || route == "/readyz" || !log.Enabled(c.Request.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs,
		slog.String("request_id", RequestID(c)),
		slog.String("method", c.Request.Method),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("client", c.ClientIP()),
	)
	if subject := c.GetString(gin.AuthUserKey); subject != "" {
		attrs = append(attrs, slog.String("subject", subject))
	}
	if err := c.Errors.Last(); err != nil {
		attrs = append(attrs, slog.String("err", truncate(err.Error())))
	}
	log.LogAttrs(c.Request.Context(), level, "request", attrs...)
}

// maxLogged bounds the text of an error in the log; it may quote what others have sent.
const maxLogged = 4 << 10

func truncate(text string) string { return text[:min(len(text), maxLogged)] }

// The statuses that log and metrics show for answers that were cut off; no client sees them.
const (
	statusClientGone = 499 // the client went away first
	statusCut        = 599 // we broke off an answer that had begun
)

const cutKey = "server.cut"

// Cut breaks off an answer that has begun, or that nobody waits for: the client sees a broken connection in place of half an
// answer that looks whole.
func Cut(c *gin.Context, err error) {
	_ = c.Error(err)
	c.Set(cutKey, true)
	panic(http.ErrAbortHandler)
}

// outcome is the status of the answer, or what stands for it where it was cut off.
func outcome(c *gin.Context) int {
	switch {
	case !c.GetBool(cutKey):
		return c.Writer.Status()
	case c.Request.Context().Err() != nil:
		return statusClientGone
	default:
		return statusCut
	}
}

// recovery answers a panic with a fixed 500. http.ErrAbortHandler passes: it cuts an answer that has begun and cannot be mended.
func recovery() gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			p := recover()
			err, _ := p.(error)
			switch {
			case p == nil:
			case errors.Is(err, http.ErrAbortHandler):
				panic(http.ErrAbortHandler)
			case c.Writer.Written():
				Cut(c, panicError(p))
			default:
				problem.Respond(c, http.StatusInternalServerError, "Something went wrong on our side.", panicError(p))
			}
		}()
		c.Next()
	}
}

func panicError(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

// closeAfterTransferEncoding ends the connection after any request that was framed by Transfer-Encoding: net/http keeps it open
// even where Content-Length stood beside it, which is how requests are smuggled (RFC 9112 §6.1).
func closeAfterTransferEncoding() gin.HandlerFunc {
	return func(c *gin.Context) {
		if len(c.Request.TransferEncoding) > 0 {
			c.Header("Connection", "close")
		}
	}
}

// bodyLimit refuses a body that says it is larger, unread, and bounds one that does not say: reading on gives
// http.MaxBytesError. A body of declared length is left as it is, since net/http looks at its own type to answer Expect and to
// leave an unread body unread.
func bodyLimit(limit int64) gin.HandlerFunc {
	if limit == 0 {
		limit = DefaultBodyLimit
	}
	return func(c *gin.Context) {
		if c.Request.ContentLength > limit {
			c.Header("Connection", "close")
			problem.Respond(c, http.StatusRequestEntityTooLarge, "The body is too large.", errors.New("body too large"))
			return
		}
		if c.Request.ContentLength < 0 {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
		}
	}
}
