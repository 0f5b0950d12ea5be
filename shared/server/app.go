package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"
)

// Main is the main function of every service: run gets a context that ends at SIGINT or SIGTERM, the arguments, the environment
// and the log's place, and its error ends the process with exit code 1, or with its own as an [ExitCoder]. --version needs no run.
func Main(name string, run func(ctx context.Context, args, environ []string, stdout io.Writer) error) {
	if slices.Equal(os.Args[1:], []string{"--version"}) {
		fmt.Println(Version(name))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(exitCode(err))
	}
}

// ExitCoder is an error that knows which exit code tells what happened.
type ExitCoder interface {
	error
	ExitCode() int
}

func exitCode(err error) int {
	if coder, ok := errors.AsType[ExitCoder](err); ok {
		return coder.ExitCode()
	}
	return 1
}

// App is a service that is ready to run.
type App struct {
	Log       *slog.Logger
	Addr      []string // host:port each
	AdminAddr string   // metrics and pprof; "" is off
	Handler   http.Handler
	// StopTimeout is how long requests in flight have to finish when the service stops; 0 is ten seconds.
	StopTimeout time.Duration
	// ReadyPath is what healthcheck asks for; "" is /readyz.
	ReadyPath string
	// Open readies what Handler stands on, such as a database, before anything is served, and Close lets go of it at the end. Commands do
	// without. Either may be nil.
	Open  func(context.Context) error
	Close func() error
	// Commands are what the program can do beside serving, by the first argument; they get the others.
	Commands map[string]func(ctx context.Context, args []string, stdout io.Writer) error
}

// Run does what the arguments say: nothing serves until ctx ends, "routes" prints the routes of a gin engine, "healthcheck" asks the running
// process for its health, for containers without a shell.
func (a App) Run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	if a.Close != nil {
		defer func() { err = errors.Join(err, a.Close()) }()
	}
	switch strings.Join(args, " ") {
	case "":
		return a.serve(ctx)
	case "routes":
		return a.printRoutes(stdout)
	case "healthcheck":
		return healthcheck(ctx, a.Addr[0], cmp.Or(a.ReadyPath, "/readyz"))
	}
	if command, ok := a.Commands[args[0]]; ok {
		return command(ctx, args[1:], stdout)
	}
	known := slices.Sorted(maps.Keys(a.Commands))
	return fmt.Errorf("unknown arguments %q: start it without any to serve, or with one of %s", args, strings.Join(append(known, "routes", "healthcheck", "--version"), ", "))
}

func (a App) serve(ctx context.Context) error {
	if a.Open != nil {
		if err := a.Open(ctx); err != nil {
			return err
		}
	}
	listeners, err := Listen(a.Addr...)
	if err != nil {
		return err
	}
	stop := cmp.Or(a.StopTimeout, stopTimeout)
	if a.AdminAddr == "" {
		return run(ctx, a.Log, a.Handler, stop, listeners)
	}
	admin, err := Listen(a.AdminAddr)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return run(ctx, a.Log, a.Handler, stop, listeners) })
	group.Go(func() error { return run(ctx, a.Log, adminHandler(), stop, admin) })
	return group.Wait()
}

// printRoutes gives one "METHOD path" a line, by path; the HEAD beside each GET goes without saying.
func (a App) printRoutes(stdout io.Writer) error {
	engine, ok := a.Handler.(*gin.Engine)
	if !ok {
		return errors.New("this program cannot print its routes")
	}
	routes := engine.Routes()
	slices.SortFunc(routes, func(x, y gin.RouteInfo) int { return strings.Compare(x.Path+" "+x.Method, y.Path+" "+y.Method) })
	for _, r := range routes {
		if r.Method == http.MethodHead {
			continue
		}
		if _, err := fmt.Fprintln(stdout, r.Method, r.Path); err != nil {
			return err
		}
	}
	return nil
}

func healthcheck(ctx context.Context, addr, path string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 3 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	return nil
}
