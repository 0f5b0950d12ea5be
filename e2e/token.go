package main

import (
	"context"
	"fmt"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// printToken signs a demo user in at the running demo and prints the access token.
func printToken(ctx context.Context, env map[string]string, name string, out terminal) error {
	running, start := appOfDemo, "make run"
	if env["STACK"] == "compose" {
		running, start = appOfContainers, "make up"
	}
	app, people, err := running(ctx, env)
	if err != nil {
		return err
	}
	who, known := people[name]
	if !known {
		return fmt.Errorf("there is no demo user %q\n%s", name, usage)
	}
	token, err := browser.New().AccessToken(ctx, app, who)
	if err != nil {
		return fmt.Errorf("%w\nis the demo running (%s), on the same ports?", err, start)
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

func appOfDemo(_ context.Context, env map[string]string) (browser.App, map[string]browser.Person, error) {
	d, err := openDemo(env)
	return stack.App(d.base, d.secrets), stack.People(d.secrets), err
}

// appOfContainers reads what docker-compose.yml tells the e2e container.
func appOfContainers(ctx context.Context, env map[string]string) (browser.App, map[string]browser.Person, error) {
	p, err := openProject(ctx, env, false)
	if err != nil {
		return browser.App{}, nil, err
	}
	config, err := p.Config(ctx)
	if err != nil {
		return browser.App{}, nil, err
	}
	told := config.Services["e2e"].Environment
	return browser.App{
		Identity: told["FUSIONAUTH_PUBLIC_URL"], ClientID: stack.ClientID, Secret: told["FUSIONAUTH_CLIENT_SECRET"],
		RedirectURL: told["BASE_URL"] + "/oauth-redirect",
	}, stack.People(told), nil
}
