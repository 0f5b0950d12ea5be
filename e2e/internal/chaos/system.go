package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// The distances of our own ports from the stack's base, between those of the stack.
const (
	firstLine  = 4
	redisPort  = 12
	serverPort = 13
)

// The names of the lines.
const (
	toGateway   = "browser – gateway"
	toCatalog   = "gateway – catalog"
	toInventory = "gateway – inventory"
	toIdentity  = "gateway – FusionAuth"
	toRedis     = "gateway – Redis"
	toPostgres  = "services – PostgreSQL"
)

// system is a whole shop with two gateways over Redis, its services over PostgreSQL, and a line that can be spoilt between every two.
type system struct {
	dir      string
	base     int
	redis    *server
	postgres *server
	lines    []*line
	stack    *stack.Stack
	browser  *visitor // over the line to the first gateway
	balanced *visitor // over both gateways in turn
}

func startSystem(ctx context.Context, bin string, log io.Writer) (_ *system, err error) {
	s := &system{}
	if s.dir, err = os.MkdirTemp("", "storefront-chaos-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if err := os.Chmod(s.dir, 0o711); err != nil { //nolint:gosec // PostgreSQL's user passes through
		return nil, err
	}
	if s.base, err = stack.FreeBase(); err != nil {
		return nil, err
	}
	if s.redis, err = newRedis(ctx, s.dir, s.base+redisPort); err != nil {
		return nil, err
	}
	if s.postgres, err = newPostgres(ctx, s.dir, s.base+serverPort, stack.Catalog, stack.Inventory); err != nil {
		return nil, err
	}
	if err := s.openLines(); err != nil {
		return nil, err
	}
	return s, s.startStack(ctx, bin, log)
}

func (s *system) openLines() error {
	for i, l := range []struct{ name, upstream string }{
		{toGateway, s.addr(stack.Gateway)}, {toCatalog, s.addr(stack.Catalog)}, {toInventory, s.addr(stack.Inventory)},
		{toIdentity, s.addr(stack.Identity)}, {toRedis, s.redis.addr}, {toPostgres, s.postgres.addr},
	} {
		opened, err := newLine(l.name, loopback(s.base+firstLine+i), l.upstream)
		if err != nil {
			return err
		}
		s.lines = append(s.lines, opened)
	}
	return nil
}

// addr is where a service of the stack will listen.
func (s *system) addr(service string) string {
	return loopback(s.base + map[string]int{stack.Gateway: 0, stack.Catalog: 1, stack.Inventory: 2, stack.Identity: 11}[service])
}

func (s *system) line(name string) *line {
	return s.lines[slices.IndexFunc(s.lines, func(l *line) bool { return l.name == name })]
}

// over is where the far end of a line is reached over that line.
func (s *system) over(name string) string { return s.line(name).listen }

func (s *system) startStack(ctx context.Context, bin string, log io.Writer) error {
	secrets, err := stack.OpenSecrets(filepath.Join(s.dir, "secrets"), nil)
	if err != nil {
		return err
	}
	app := stack.App(s.base, secrets)
	database := func(name string) map[string]string {
		return map[string]string{"DATABASE_URL": "postgres://app@" + s.over(toPostgres) + "/" + name + "?sslmode=disable"}
	}
	s.stack, err = stack.Start(ctx, stack.Config{Bin: bin, Base: s.base, Secrets: secrets, Log: log, Override: map[string]map[string]string{
		stack.Catalog: database(stack.Catalog), stack.Inventory: database(stack.Inventory),
		stack.Gateway: {
			"CATALOG_URL": "http://" + s.over(toCatalog), "INVENTORY_URL": "http://" + s.over(toInventory), "UPSTREAM_TIMEOUT": upstreamTimeout.String(),
			"FUSIONAUTH_URL": "http://" + s.over(toIdentity), "FUSIONAUTH_PUBLIC_URL": app.Identity, "FUSIONAUTH_ISSUER": app.Identity,
			"SESSION_STORE": "redis", "REDIS_URL": "redis://" + s.over(toRedis) + "/0",
		},
	}})
	if err != nil {
		return err
	}
	second, err := s.stack.Replicate(ctx)
	if err != nil {
		return err
	}
	return s.sendVisitors(ctx, app, stack.People(secrets)["admin"], strings.TrimPrefix(second, "http://"))
}

// sendVisitors signs the admin in and learns what is answered while all is well.
func (s *system) sendVisitors(ctx context.Context, app browser.App, admin browser.Person, second string) error {
	token, err := browser.New().AccessToken(ctx, app, admin)
	if err != nil {
		return err
	}
	gateway := s.stack.URL(stack.Gateway)
	person := browser.New()
	if err := person.SignIn(ctx, gateway, admin); err != nil {
		return err
	}
	visit := func(addrs ...string) *visitor {
		return &visitor{
			urls:      map[string]string{stack.Gateway: gateway, stack.Catalog: s.stack.URL(stack.Catalog)},
			transport: dialing(strings.TrimPrefix(gateway, "http://"), addrs...), person: admin, token: token,
			cookies: person.Cookies(gateway), known: map[string][]byte{},
		}
	}
	s.browser, s.balanced = visit(s.over(toGateway)), visit(s.addr(stack.Gateway), second)
	for _, v := range []*visitor{s.browser, s.balanced} {
		if outcomes := v.try(ctx, patience); !well(outcomes) {
			return fmt.Errorf("not all is well before the first fault: %v", outcomes)
		}
	}
	return nil
}

// dialing reaches host at the addresses in turn, and at the next where one takes no connection. Each request has a connection of its own,
// which the client closes: a server that is told to close it would end a half-open connection by itself.
func dialing(host string, addrs ...string) *http.Transport {
	var turn atomic.Int64
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{MaxIdleConnsPerHost: -1, DialContext: func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
		if addr != host {
			return dialer.DialContext(ctx, network, addr)
		}
		first := int(turn.Add(1))
		for i := range addrs {
			if conn, err = dialer.DialContext(ctx, network, addrs[(first+i)%len(addrs)]); err == nil {
				break
			}
		}
		return conn, err
	}}
}

func (s *system) stop() error {
	var err error
	if s.stack != nil {
		err = s.stack.Stop()
	}
	for _, l := range s.lines {
		l.close()
	}
	for _, server := range []*server{s.redis, s.postgres} {
		if server != nil {
			server.kill()
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
