package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// madeByGoRun matches where `go run` puts a program: into a temporary directory, or into the build cache, wherever GOCACHE has that.
var madeByGoRun = regexp.MustCompile(`/go-build|/[0-9a-f]{2}/[0-9a-f]{64}-d/`)

// orphaned returns a context that also ends when `go run`, which started us, is gone: it dies of a SIGTERM without passing it on, and
// we would hold the ports for ever. A program that was built by itself may outlive whoever started it.
func orphaned(ctx context.Context) context.Context {
	if self, err := os.Executable(); err != nil || !madeByGoRun.MatchString(filepath.ToSlash(self)) {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		defer cancel()
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx
}
