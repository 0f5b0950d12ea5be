package stack

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// service is one program of the system.
type service struct {
	name   string // of its folder, its binary and its log lines
	offset int    // of its port from the base
	path   string // answers 200 when it is ready
	colour int    // of its prefix, as the ANSI code
}

// The names of the services.
const (
	Identity  = "fusionauth"
	Catalog   = "catalog"
	Inventory = "inventory"
	Gateway   = "gateway"
)

var services = []service{
	{Identity, 11, "/.well-known/openid-configuration", 35},
	{Catalog, 1, "/readyz", 32},
	{Inventory, 2, "/readyz", 33},
	{Gateway, 0, "/readyz", 36},
}

func serviceNamed(name string) (service, error) {
	i := slices.IndexFunc(services, func(s service) bool { return s.name == name })
	if i < 0 {
		return service{}, fmt.Errorf("no service is called %q", name)
	}
	return services[i], nil
}

// ClientID is the id of the application in the kickstart.
const ClientID = "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e"

// userKeys are the ids of the kickstart's keys, one of which signs access tokens.
var userKeys = map[string]string{
	"HS256": "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001", // the shared secret, JWT_SIGNING_KEY
	"RS256": "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1002",
	"ES256": "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1003",
	"EdDSA": "5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1004",
}

// passed are the names that every service inherits.
var passed = []string{"PATH", "HOME", "LOG_LEVEL", "AUTH_MODE"}

// environment is all that a service gets to see: its own settings and the secrets that it needs. What has a default that suffices is
// not in it.
func (s *Stack) environment(svc service) []string {
	env := s.settings(svc)
	for _, name := range passed {
		if v := s.cfg.Env[name]; v != "" {
			env[name] = v
		}
	}
	if svc.name == Gateway {
		s.cfg.readFromFile(env, "SESSION_SECRET")
	}
	env["LOG_FORMAT"] = cmp.Or(s.cfg.Env["LOG_FORMAT"], "text")
	maps.Copy(env, s.cfg.Override[svc.name])
	pairs := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		pairs = append(pairs, name+"="+env[name])
	}
	return pairs
}

func (s *Stack) settings(svc service) map[string]string {
	gateway := s.URL(Gateway)
	env := map[string]string{"ADDR": strings.Join(s.addresses.listen(svc), ",")}
	if svc.name == Identity {
		maps.Copy(env, s.cfg.Secrets.pick("KICKSTART_API_KEY", "FUSIONAUTH_API_KEY", "JWT_SIGNING_KEY", "FUSIONAUTH_CLIENT_SECRET",
			"ADMIN_PASSWORD", "MANAGER_PASSWORD", "CUSTOMER_PASSWORD", "ANONYMOUS_PASSWORD"))
		env["FUSIONAUTH_ISSUER"] = s.URL(Identity)
		env["ACCESS_TOKEN_KEY_ID"] = userKeys[s.cfg.userAlgorithm()]
		env["GATEWAY_REDIRECT_URL"] = gateway + "/oauth-redirect"
		env["GATEWAY_LOGOUT_URL"] = gateway + "/logout/frontchannel"
		env["GATEWAY_POST_LOGOUT_URL"] = gateway + "/"
		env["GATEWAY_WEBHOOK_URL"] = gateway + "/webhooks/fusionauth"
		env["REFRESH_TOKEN_USAGE_POLICY"] = cmp.Or(s.cfg.Env["REFRESH_TOKEN_USAGE_POLICY"], "Reusable")
		if v := s.cfg.Env["STANDIN_ADMIN"]; v != "" {
			env["STANDIN_ADMIN"] = v
		}
		return env
	}
	if s.cfg.sharedKey() {
		maps.Copy(env, s.cfg.Secrets.pick("JWT_SIGNING_KEY"))
	}
	if svc.name == Catalog || svc.name == Inventory {
		env["DATABASE_URL"] = "sqlite:" + filepath.Join(s.cfg.Data, svc.name+".db")
		env["SEED_DEMO"] = "true"
	}
	env["GATEWAY_URL"] = gateway
	env["FUSIONAUTH_URL"] = s.URL(Identity)
	if svc.name == Gateway {
		maps.Copy(env, s.cfg.Secrets.pick("FUSIONAUTH_CLIENT_SECRET", "SESSION_SECRET"))
		if !s.cfg.sharedKey() {
			env["GATEWAY_SIGNING_KEYS"] = s.cfg.Keys
		}
		if source := s.cfg.Env["GATEWAY_TOKEN_SOURCE"]; source != "" {
			env["GATEWAY_TOKEN_SOURCE"] = source
			maps.Copy(env, s.cfg.Secrets.pick("FUSIONAUTH_API_KEY", "ANONYMOUS_PASSWORD"))
		}
		env["CATALOG_URL"] = s.URL(Catalog)
		env["INVENTORY_URL"] = s.URL(Inventory)
	}
	return env
}

func (c Config) binary(svc service) string { return filepath.Join(c.Bin, svc.name) }
