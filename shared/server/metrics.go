package server

import (
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// requestSeconds has one series per route template, method and status, so that no client can make new ones.
var requestSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name:    "storefront_http_request_seconds",
	Help:    "Time from the request's header to the end of its answer.",
	Buckets: prometheus.DefBuckets,
}, []string{"method", "route", "status"})

var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

func measure() gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		defer func() {
			method := c.Request.Method
			if !slices.Contains(knownMethods, method) {
				method = "other"
			}
			requestSeconds.WithLabelValues(method, c.FullPath(), strconv.Itoa(outcome(c))).Observe(time.Since(start).Seconds())
		}()
		c.Next()
	}
}

// adminHandler serves metrics and profiles. It has no authentication: ADMIN_ADDR belongs on loopback or a private network.
func adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.Handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	return mux
}
