package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"storefront/e2e/internal/bench"
	"storefront/e2e/internal/stack"
)

// runBench is `make bench`: the gateway beside nginx and HAProxy, which do the same work.
func runBench(ctx context.Context, env map[string]string, out terminal) (err error) {
	if err := bench.RivalsInstalled(); err != nil {
		return err
	}
	w, err := openWorkshop(ctx, map[string]string{"PATH": env["PATH"], "HOME": env["HOME"], "LOG_LEVEL": "warn"}) // which logs no request
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	suite := &rivalSuite{workshop: w}
	if err := suite.start(ctx); err != nil {
		return err
	}
	return benchmark{
		name:   "bench",
		report: bench.Report{Title: "The gateway beside nginx and HAProxy", Command: "make bench", About: aboutRivals},
		config: bench.Config{Rounds: 30, Window: time.Second / 2, Connections: 64, Log: out},
	}.run(ctx, w.root, env["BENCH"] == "short", out, suite.cases())
}

const aboutRivals = `

What is measured has one core: a front, and in the groups with a service that service too, whose CPU counts. The load, and the bare upstream
(nginx with a fixed kilobyte of JSON), are on the others. HAProxy does what the gateway does, by its configuration
([deploy/bench/haproxy.cfg](../../deploy/bench/haproxy.cfg)): it makes a fresh HS256 token for each public request, which catalog verifies as
it does the gateway's; it verifies a user's HS256 token, and the role in it, with each request to inventory; headers pass by allow-list, both
ways. nginx ([nginx.conf](../../deploy/bench/nginx.conf)) passes requests on and makes no token. The gateway verifies an RS256 token of the same
user, once, and remembers it. The requests are GET /products/1 and GET /branches/1/products of the demo shop. Nobody writes a log of requests.`

// rivalSuite is everything that is measured.
type rivalSuite struct {
	*workshop
	cores     bench.Cores
	rivals    bench.Rivals
	bare      *stack.Stack // its gateway has the bare upstream for a catalog
	shop      *stack.Stack
	users     *stack.Stack // tokens are verified with public keys
	userToken string       // of users
	shopToken string       // of shop
	haproxy   *bench.Rival
	nginx     *bench.Rival
}

func (r *rivalSuite) start(ctx context.Context) (err error) {
	if r.cores, err = bench.Divide(); err != nil {
		return err
	}
	if err := r.startUpstream(ctx); err != nil {
		return err
	}
	return r.cores.OnFirst(func() error {
		if err := r.startStacks(ctx); err != nil {
			return err
		}
		return r.startRivals(ctx)
	})
}

// startUpstream starts the bare upstream, on the core of the load.
func (r *rivalSuite) startUpstream(ctx context.Context) error {
	base, err := stack.FreeBase()
	if err != nil {
		return err
	}
	values := map[string]string{"ANSWER": bench.Answer}
	for i, name := range []string{"BARE", "MINT_BARE", "MINT_CATALOG", "VERIFY_INVENTORY", "NGINX"} {
		values[name] = fmt.Sprintf("127.0.0.1:%d", base+i)
	}
	r.rivals = bench.Rivals{Configs: filepath.Join(r.root, "deploy", "bench"), Dir: r.dir, Values: values}
	_, err = r.keep(r.rivals.Nginx(ctx, "upstream.conf", "BARE"))
	return err
}

// keep has the rival stopped with the rest.
func (r *rivalSuite) keep(rival *bench.Rival, err error) (*bench.Rival, error) {
	if err == nil {
		r.stops = append(r.stops, func() error { rival.Stop(); return nil })
	}
	return rival, err
}

func (r *rivalSuite) startStacks(ctx context.Context) (err error) {
	r.bare, _, err = r.startAnother(ctx, func(cfg *stack.Config) {
		cfg.Override = map[string]map[string]string{stack.Gateway: {"CATALOG_URL": "http://" + r.rivals.Values["BARE"]}}
	})
	if err != nil {
		return err
	}
	if r.shop, r.shopToken, err = r.startAnother(ctx, func(*stack.Config) {}); err != nil {
		return err
	}
	if err := stack.OpenKeys(ctx, r.cfg.Bin, r.cfg.Keys, stack.DefaultKey); err != nil {
		return err
	}
	r.users, r.userToken, err = r.startAnother(ctx, func(cfg *stack.Config) { cfg.Env["AUTH_MODE"] = "jwks" })
	return err
}

// startRivals starts HAProxy with what it needs to know of the stacks that it stands before, and nginx.
func (r *rivalSuite) startRivals(ctx context.Context) (err error) {
	key := r.cfg.Secrets["JWT_SIGNING_KEY"]
	maps.Copy(r.rivals.Values, map[string]string{
		"CATALOG":                hostOf(r.shop.URL(stack.Catalog)),
		"INVENTORY":              hostOf(r.users.URL(stack.Inventory)),
		"GATEWAY_ISSUER":         hostOf(r.shop.URL(stack.Gateway)),
		"JWT_SIGNING_KEY":        key,
		"JWT_SIGNING_KEY_BASE64": base64.StdEncoding.EncodeToString([]byte(key)),
		"USER_ISSUER":            r.shop.URL(stack.Identity),
		"CLIENT_ID":              stack.ClientID,
		"USER_TOKEN":             r.userToken,
	})
	if r.haproxy, err = r.keep(r.rivals.HAProxy(ctx, "haproxy.cfg", "MINT_BARE", "MINT_CATALOG", "VERIFY_INVENTORY")); err != nil {
		return err
	}
	r.nginx, err = r.keep(r.rivals.Nginx(ctx, "nginx.conf", "NGINX"))
	return err
}

// cases are what is compared, the base of each group first.
func (r *rivalSuite) cases() []bench.Case {
	const product, levels = "/products/1", "/branches/1/products"
	at := func(name string) string { return "http://" + r.rivals.Values[name] }
	bearer := func(token string) map[string]string { return map[string]string{"Authorization": "Bearer " + token} }
	haproxy := r.haproxy.PID()
	catalog, inventory := r.shop.PIDs()[stack.Catalog], r.users.PIDs()[stack.Inventory]
	bare, withCatalog, withInventory := "public GET before a bare upstream", "public GET, with catalog", "relayed user, with inventory"
	return []bench.Case{
		{Group: bare, Name: "HAProxy", Base: true, URL: at("MINT_BARE") + product, PIDs: []int{haproxy}},
		{Group: bare, Name: "gateway", URL: r.bare.URL(stack.Gateway) + product, PIDs: []int{r.bare.PIDs()[stack.Gateway]}},
		{Group: bare, Name: "nginx, without a token", URL: at("NGINX") + product, PIDs: []int{r.nginx.PID()}},
		{Group: withCatalog, Name: "HAProxy", Base: true, URL: at("MINT_CATALOG") + product, PIDs: []int{haproxy, catalog}},
		{Group: withCatalog, Name: "gateway", URL: r.shop.URL(stack.Gateway) + product, PIDs: []int{r.shop.PIDs()[stack.Gateway], catalog}},
		{Group: withInventory, Name: "HAProxy", Base: true, URL: at("VERIFY_INVENTORY") + levels, Head: bearer(r.shopToken), PIDs: []int{haproxy, inventory}},
		{Group: withInventory, Name: "gateway", URL: r.users.URL(stack.Gateway) + levels, Head: bearer(r.userToken), PIDs: []int{r.users.PIDs()[stack.Gateway], inventory}},
	}
}
