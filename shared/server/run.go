package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"
)

// Limits of every server here. A client that is slower or larger is cut off.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 60 * time.Second // a body, however fast it comes
	idleTimeout       = 120 * time.Second
	// net/http lets 4 KB more pass, and cuts off what is larger in plain words. It is twice maxHeader, so that what most browsers have
	// too much of, a few cookies, is refused like all else: with a problem, or its page.
	maxHeaderBytes = 2*maxHeader - 4<<10

	drainTime   = time.Second      // kept-alive clients are turned away politely for so long
	stopTimeout = 10 * time.Second // requests in flight have so long to finish, unless a setting says otherwise
)

// Listen opens every address; none stays open when one fails, and the error names the address.
func Listen(addrs ...string) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, addr := range addrs {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
		if err != nil {
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, fmt.Errorf("listen on %s: %w", addr, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// Run serves h on the listeners until ctx ends, then stops gracefully: for a second every answer closes its connection, so that
// kept-alive clients go elsewhere; then no connection is taken any more and what is in flight finishes. nil is a clean stop.
func Run(ctx context.Context, log *slog.Logger, h http.Handler, listeners ...net.Listener) error {
	return run(ctx, log, h, stopTimeout, listeners)
}

func run(ctx context.Context, log *slog.Logger, h http.Handler, stop time.Duration, listeners []net.Listener) error {
	var draining atomic.Bool
	srv := &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		DisableGeneralOptionsHandler: true, // OPTIONS * meets the gate like any other target
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), drainKey{}, &draining)
		},
	}
	group, failed := errgroup.WithContext(ctx)
	for _, l := range listeners {
		log.Info("listening", "addr", l.Addr().String())
		group.Go(func() error {
			if err := srv.Serve(pacedListener{l}); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve on %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-failed.Done()
		if ctx.Err() != nil {
			log.Info("stopping")
			draining.Store(true)
			time.Sleep(drainTime)
		}
		return shutdown(context.WithoutCancel(ctx), log, srv, stop)
	})
	return group.Wait()
}

// shutdown waits for what is in flight, and cuts what has not finished in time: one client that does not read its answer must not
// keep the process alive.
func shutdown(ctx context.Context, log *slog.Logger, srv *http.Server, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("stopped with requests in flight", "after", within.String())
		return srv.Close()
	}
	return err
}

type drainKey struct{}

// stopping reports whether the server behind ctx is turning clients away.
func stopping(ctx context.Context) bool {
	flag, ok := ctx.Value(drainKey{}).(*atomic.Bool)
	return ok && flag.Load()
}

// drain asks clients to open a new connection, elsewhere, once the server is stopping.
func drain() gin.HandlerFunc {
	return func(c *gin.Context) {
		if stopping(c.Request.Context()) {
			c.Header("Connection", "close")
		}
	}
}
