package idp

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// accessLog writes one line per request. The route stands for the path, which could hold a token that was pasted there.
func (h *Handler) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close") // RFC 9112 §6.1: net/http keeps a connection whose framing was ambiguous
		}
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		level := slog.LevelInfo
		if recorder.status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		h.log.LogAttrs(r.Context(), level, "request",
			slog.String("method", r.Method),
			slog.String("route", routeOf(r)),
			slog.Int("status", recorder.status),
			slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
		)
	})
}

// routeOf is the path of the pattern that the request matched, "" for none; the pattern begins with the method.
func routeOf(r *http.Request) string { return pathOf(r.Pattern) }

func pathOf(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	return path
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
