package main

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"storefront/e2e/internal/compose"
	"storefront/e2e/internal/stack"
)

func openProject(ctx context.Context, env map[string]string, local bool) (compose.Project, error) {
	root, err := stack.Root(".")
	if err != nil {
		return compose.Project{}, err
	}
	env = maps.Clone(env)
	if env["GOPROXY"] == "" { // the images are built from the same place as everything else on this machine
		proxy, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
		if err == nil {
			env["GOPROXY"] = strings.TrimSpace(string(proxy))
		}
	}
	if mode := env["AUTH_MODE"]; mode != "" && mode != "hmac" && mode != "jwks" {
		return compose.Project{}, fmt.Errorf("AUTH_MODE: %q is not hmac or jwks", mode)
	}
	p := compose.Project{Root: root, Local: local, JWKS: env["AUTH_MODE"] == "jwks"}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p.Env = append(p.Env, name+"="+env[name])
	}
	return p, nil
}

// runUp is `make up`: it returns when all containers are healthy, and leaves them running.
func runUp(ctx context.Context, env map[string]string, local bool, out terminal) error {
	p, err := openProject(ctx, env, local)
	if err != nil {
		return err
	}
	if err := p.Up(ctx, out); err != nil {
		return err
	}
	config, err := p.Config(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, containerShop(config, env, local).Banner())
	return err
}

func containerShop(config compose.Config, env map[string]string, local bool) stack.Shop {
	gateway, identity := config.Services[stack.Gateway], config.Services[stack.Identity]
	issuer := identity.Environment["FUSIONAUTH_ISSUER"]
	server := issuer + "/admin is FusionAuth's own interface; sign in there as admin@example.com"
	if local {
		server = issuer + " is a local stand-in for FusionAuth, for development alone"
	}
	return stack.Shop{
		Gateway: gateway.Environment["GATEWAY_URL"], People: identity.Environment, Token: settingsOf(env) + "STACK=compose go run ./e2e token",
		Lines: [][2]string{
			{"Ports", fmt.Sprintf("gateway %s, identity %s, on 127.0.0.1; catalog and inventory are behind the gateway", published(gateway), published(identity))},
			{"Identity", server},
			{"Secrets", "demo values in docker-compose.yml that everybody can read"},
			{"Logs", "docker compose logs --follow"},
			{"make down", "ends it; docker compose down -v forgets FusionAuth's database as well"},
		},
	}
}

func published(svc compose.Service) string {
	if len(svc.Ports) == 0 {
		return "none"
	}
	return svc.Ports[0].Published
}

// settingsOf is what goes before a command so that it finds containers that were moved.
func settingsOf(env map[string]string) string {
	var b strings.Builder
	for _, name := range []string{"COMPOSE_PROJECT_NAME", "AUTH_MODE", "GATEWAY_PORT", "FUSIONAUTH_PORT"} {
		if env[name] != "" {
			b.WriteString(name + "=" + env[name] + " ")
		}
	}
	return b.String()
}

func runDown(ctx context.Context, env map[string]string, out terminal) error {
	p, err := openProject(ctx, env, false)
	if err != nil {
		return err
	}
	return p.Down(ctx, out)
}

// rolesOfContainers tries the matrix from a container beside the services, whom nothing else can reach.
func rolesOfContainers(ctx context.Context, env map[string]string, out terminal) error {
	p, err := openProject(ctx, env, false)
	if err != nil {
		return err
	}
	if err := p.Build(ctx, out, "e2e"); err != nil {
		return err
	}
	run := compose.Run{Args: []string{"roles"}, Env: map[string]string{}, Reports: map[string]string{}, Out: out}
	if env["REQUIRE"] != "" {
		run.Env["REQUIRE"] = env["REQUIRE"]
	}
	for _, name := range reportNames {
		if env[name] != "" {
			run.Reports[name] = env[name]
		}
	}
	return p.Roles(ctx, run)
}

// runConformance aims the tests that the stand-in has to pass at the identity server of the containers.
func runConformance(ctx context.Context, env map[string]string, out terminal) error {
	p, err := openProject(ctx, env, false)
	if err != nil {
		return err
	}
	return p.Conformance(ctx, out)
}
