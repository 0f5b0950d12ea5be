package main

import (
	"context"
	"os"
	"strings"
	"time"
)

// orphaned returns a context that also ends when `go run`, which started us, is gone: it dies of a SIGTERM without passing it on, and
// we would hold the ports for ever. A program that was built by itself may outlive whoever started it.
func orphaned(ctx context.Context) context.Context {
	if self, err := os.Executable(); err != nil || !strings.Contains(self, "go-build") {
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
