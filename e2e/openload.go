package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"storefront/e2e/internal/openload"
	"storefront/e2e/internal/stack"
	"storefront/shared/auth"
)

// products is how large the shop of bench-catalog is, and visit how it is asked.
const products = 100_000

var (
	visit      = openload.Plan{Rate: 500, Length: 30 * time.Second, Connections: 256}
	visitBound = openload.Bound{P99: 20 * time.Millisecond, Share: 0.99}
)

// runBenchCatalog is `make bench-catalog`: it fills a shop, puts load on its catalog, writes the report, and judges it.
func runBenchCatalog(ctx context.Context, env map[string]string, out terminal) (err error) {
	report := openload.Report{Products: products, Bound: visitBound, Time: time.Now(), Busy: openload.Busy()}
	w, err := openWorkshop(ctx, map[string]string{"PATH": env["PATH"], "HOME": env["HOME"]})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	plan := visit
	if env["BENCH"] == "short" { // to see that it runs
		report.Products, plan.Length = 1000, time.Second
	}
	_, _ = fmt.Fprintf(out, "filling a shop with %d products\n", report.Products)
	w.cfg.Data = filepath.Join(w.dir, "data")
	migrations := filepath.Join(w.root, "catalog", "internal", "product", "migrations")
	if err := openload.Fill(ctx, filepath.Join(w.cfg.Data, "catalog.db"), migrations, report.Products); err != nil {
		return err
	}
	s, err := w.start(ctx, w.cfg)
	if err != nil {
		return err
	}
	if report.Rows, err = loadCatalog(ctx, s, w.cfg.Secrets, report.Products, plan, out); err != nil {
		return err
	}
	text := report.Markdown()
	_, _ = fmt.Fprint(out, "\n"+text)
	if env["BENCH"] == "short" {
		return nil // too short to judge, or to keep
	}
	if err := writeDocument(w.root, "benchmarks/catalog.md", text); err != nil {
		return err
	}
	return report.Judge()
}

// loadCatalog walks through the whole shop, which warms it up, and then puts each load on it.
func loadCatalog(ctx context.Context, s *stack.Stack, secrets stack.Secrets, count int, plan openload.Plan, out terminal) (rows []openload.Row, err error) {
	key, err := auth.HMACSigningKey(auth.GatewayKeyID, []byte(secrets["JWT_SIGNING_KEY"]))
	if err != nil {
		return nil, err
	}
	signer, err := auth.NewSigner(auth.SignerConfig{Key: key.Always, Issuer: hostOf(s.URL(stack.Gateway))})
	if err != nil {
		return nil, err
	}
	catalog, gateway := openload.NewCatalog(s.URL(stack.Catalog), signer, plan.Connections), openload.NewCatalog(s.URL(stack.Gateway), nil, plan.Connections)
	defer catalog.Close()
	defer gateway.Close()
	_, _ = fmt.Fprintln(out, "walking through it")
	pages, found, err := catalog.Walk(ctx, list)
	if err != nil {
		return nil, err
	}
	if found != count {
		return nil, fmt.Errorf("%d products on %d pages, of a shop of %d", found, len(pages), count)
	}
	for _, l := range loads(catalog, gateway, scattered(pages)) {
		_, _ = fmt.Fprintf(out, "%s: %d requests/s for %s\n", l.name, plan.Rate, plan.Length)
		result, err := openload.Run(ctx, plan, l.asked.Load(l.targets))
		if err != nil {
			return nil, err
		}
		rows = append(rows, openload.Row{Name: l.name, Plan: plan, Result: result})
	}
	return rows, nil
}

const list = "/products?limit=20"

// load is what is asked for, in turns.
type load struct {
	name    string
	asked   *openload.Catalog
	targets []string
}

func loads(catalog, gateway *openload.Catalog, pages []string) []load {
	return []load{
		{"the first page", catalog, []string{list}},
		{"any page, by cursor", catalog, pages},
		{"a search", catalog, []string{list + "&q=oak+kettle", list + "&q=brass", list + "&q=wool+bask", list + "&q=sku+000777"}},
		{"a category by price", catalog, []string{list + "&category=category-3&sort=price", list + "&category=category-7&sort=-price"}},
		{"any page, through the gateway", gateway, pages},
	}
}

// scattered gives each page once, and none behind the one before it.
func scattered(pages []string) []string {
	const stride = 1009 // a prime
	all := make([]string, len(pages))
	for i := range pages {
		all[i] = pages[i*stride%len(pages)]
	}
	return all
}
