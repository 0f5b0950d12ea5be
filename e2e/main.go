// E2e drives the running system from outside, over HTTP alone.
//
//	go run ./e2e run           starts all of it in one terminal (make run)
//	go run ./e2e roles         tries the role matrix (make roles)
//	go run ./e2e token admin   prints an access token of a demo user, for curl
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/mattn/go-isatty"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	err := run(orphaned(ctx), os.Args[1:], environment(os.Environ()), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const usage = `usage: go run ./e2e run | roles | token <admin|manager|customer>`

func run(ctx context.Context, args []string, env map[string]string, stdout *os.File) error {
	out := terminal{stdout, isatty.IsTerminal(stdout.Fd()) && env["NO_COLOR"] == ""}
	switch command := strings.Join(args, " "); {
	case command == "run":
		return runDemo(ctx, env, out)
	case command == "roles":
		return runRoles(ctx, env, out)
	case len(args) == 2 && args[0] == "token":
		return printToken(ctx, env, args[1], out)
	default:
		return errors.New(usage)
	}
}

// terminal is where a command writes to.
type terminal struct {
	io.Writer
	colour bool
}

func environment(pairs []string) map[string]string {
	env := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}
