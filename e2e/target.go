package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// stackTarget is a stack of our own, of which everything is known.
func stackTarget(ctx context.Context, s *stack.Stack, base int, secrets stack.Secrets) (matrix.Target, error) {
	app := stack.App(base, secrets)
	target := matrix.Target{
		URLs: map[string]string{}, Routes: map[string][]string{}, Identity: app.Identity, ClientID: app.ClientID, ClientSecret: app.Secret,
		SigningKey: secrets["JWT_SIGNING_KEY"], GatewayIssuer: hostOf(s.URL(stack.Gateway)), People: stack.People(secrets),
	}
	for _, name := range []string{stack.Gateway, stack.Catalog, stack.Inventory} {
		routes, err := s.Routes(ctx, name)
		if err != nil {
			return target, err
		}
		target.URLs[name], target.Routes[name] = s.URL(name), routes
	}
	return target, nil
}

// readTarget is the deployment that the environment describes. BASE_URL alone will do; what else is set makes more cells possible.
func readTarget(env map[string]string) (matrix.Target, error) {
	var faults []error
	address := func(name string) string {
		text := strings.TrimRight(env[name], "/")
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			faults = append(faults, fmt.Errorf("%s: is not an absolute http or https URL, such as http://localhost:3000", name))
		}
		return text
	}
	gateway := address("BASE_URL")
	target := matrix.Target{
		URLs:          map[string]string{stack.Gateway: gateway, stack.Catalog: address("CATALOG_URL"), stack.Inventory: address("INVENTORY_URL")},
		Identity:      cmp.Or(address("FUSIONAUTH_PUBLIC_URL"), address("FUSIONAUTH_URL")),
		ClientID:      cmp.Or(env["FUSIONAUTH_CLIENT_ID"], stack.ClientID),
		ClientSecret:  env["FUSIONAUTH_CLIENT_SECRET"],
		SigningKey:    env["JWT_SIGNING_KEY"],
		GatewayIssuer: cmp.Or(env["GATEWAY_ISSUER"], hostOf(gateway)),
		People:        people(env),
		SafeOnly:      !loopback(gateway) && env["UNSAFE"] != "yes",
	}
	transport, err := connectTo(env["CONNECT_TO"])
	if err != nil {
		faults = append(faults, fmt.Errorf("CONNECT_TO: %w", err))
	}
	target.Transport = transport
	if path := env["ROUTES_FILE"]; path != "" {
		text, err := os.ReadFile(path)
		if err == nil {
			target.Routes, err = readRoutes(string(text))
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("ROUTES_FILE: %w", err))
		}
	}
	return target, errors.Join(faults...)
}

// people are the users of the demo with the passwords that the environment has.
func people(env map[string]string) map[string]browser.Person {
	found := stack.People(env)
	for name, who := range found {
		who.Email = cmp.Or(env[strings.ToUpper(name)+"_EMAIL"], who.Email)
		found[name] = who
	}
	return found
}

// readRoutes takes lines of "service METHOD /path" apart.
func readRoutes(text string) (map[string][]string, error) {
	routes := map[string][]string{}
	for line := range strings.Lines(text) {
		switch fields := strings.Fields(line); len(fields) {
		case 0:
		case 3:
			routes[fields[0]] = append(routes[fields[0]], fields[1]+" "+fields[2])
		default:
			return nil, fmt.Errorf("%q is not: service METHOD /path", strings.TrimSpace(line))
		}
	}
	return routes, nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// loopback reports whether a deployment is on this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
