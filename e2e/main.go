// E2e drives the running system from outside, over HTTP alone.
//
//	go run ./e2e run           starts all of it in one terminal (make run)
//	go run ./e2e up            starts it as containers, with FusionAuth (make up)
//	go run ./e2e up-local      the same with the stand-in for FusionAuth (make up-local)
//	go run ./e2e down          ends the containers (make down)
//	go run ./e2e tour          tells which token goes where, from anonymous to signed out (make tour)
//	go run ./e2e roles         tries the role matrix (make roles)
//	go run ./e2e attack        attacks a stack of its own, or BASE_URL (make attack)
//	go run ./e2e conformance   aims the stand-in's own tests at the containers' identity server
//	go run ./e2e rotate-keys   gives the demo's gateway a new signing key (make rotate-keys)
//	go run ./e2e bench         measures the gateway beside nginx and HAProxy (make bench)
//	go run ./e2e bench-auth    measures what each way of authorizing costs (make bench-auth)
//	go run ./e2e bench-catalog puts load on a catalog with 100,000 products (make bench-catalog)
//	go run ./e2e chaos         spoils every line and kills every process of a stack of its own (make chaos)
//	go run ./e2e token admin   prints an access token of a demo user, for curl
//
// With STACK=compose, roles and token mean the containers that up has started.
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

	"storefront/e2e/internal/bench"
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

const usage = `usage: go run ./e2e run | up | up-local | down | tour | roles | attack | conformance | rotate-keys | bench | bench-auth | bench-catalog | chaos | token <admin|manager|customer>`

func run(ctx context.Context, args []string, env map[string]string, stdout *os.File) error {
	out := terminal{stdout, isatty.IsTerminal(stdout.Fd()) && env["NO_COLOR"] == ""}
	switch command := strings.Join(args, " "); {
	case command == "run":
		return runDemo(ctx, env, out)
	case command == "up" || command == "up-local":
		return runUp(ctx, env, command == "up-local", out)
	case command == "down":
		return runDown(ctx, env, out)
	case command == "roles":
		return runRoles(ctx, env, out)
	case command == "attack":
		return runAttack(ctx, env, out)
	case command == "conformance":
		return runConformance(ctx, env, out)
	case command == "rotate-keys":
		return runRotate(ctx, env, out)
	case command == "tour":
		return runTour(ctx, env, out)
	case command == "bench":
		return runBench(ctx, env, out)
	case command == "bench-auth":
		return runBenchAuth(ctx, env, out)
	case command == "bench-catalog":
		return runBenchCatalog(ctx, env, out)
	case command == "chaos":
		return runChaos(ctx, out)
	case len(args) == 2 && args[0] == "bench-pair": // a process that bench-auth starts
		return bench.ServePair(ctx, args[1], stdout)
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
