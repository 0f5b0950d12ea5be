package main_test

import (
	"slices"
	"strings"
	"testing"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/contract"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// Every exchange of the role matrix, with every service, is one that the service's own document describes; and the documents describe what
// is registered, no more and no less.
func TestContract_ofTheRoleMatrix(t *testing.T) {
	t.Parallel()
	c := alone(t)
	target := c.target
	watch := &contract.Watch{Next: matrix.Direct()}
	target.Transport = watch
	app := browser.App{Identity: target.Identity, ClientID: target.ClientID, Secret: target.ClientSecret, RedirectURL: target.URLs[stack.Gateway] + "/oauth-redirect"}
	token, err := browser.New().AccessToken(t.Context(), app, c.person("customer"))
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{stack.Gateway: "", stack.Catalog: token, stack.Inventory: token} {
		document, err := watch.Read(t.Context(), target.URLs[name], token)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, fault := range document.Drift(target.Routes[name]) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	red, err := redCells(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	for cell, why := range red {
		t.Errorf("%s: %s", cell, why)
	}
	for _, fault := range watch.Faults() {
		t.Error(fault)
	}
	if watch.Compared() < 1000 {
		t.Errorf("%d exchanges compared: there is nothing to rely on", watch.Compared())
	}
}

// The document of the gateway is public and tells of no way in but its own.
func TestContract_showsNothingInside(t *testing.T) {
	t.Parallel()
	c := use(t)
	page := get(t, browser.New(), c.stack.URL(stack.Gateway)+"/openapi.json")
	for _, inside := range []string{"gatewayToken", "x-forwarded", c.stack.URL(stack.Catalog), c.stack.URL(stack.Inventory)} {
		if strings.Contains(string(page.Body), inside) {
			t.Errorf("it tells of %s", inside)
		}
	}
	if listed := []string{`"/products/{id}"`, `"/branches/{id}/movements"`, `"/audit/movements"`, `"/me"`}; slices.ContainsFunc(listed, func(path string) bool { return !strings.Contains(string(page.Body), path) }) {
		t.Errorf("it lacks one of %q", listed)
	}
}
