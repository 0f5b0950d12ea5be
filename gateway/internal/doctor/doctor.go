// Package doctor examines a configured deployment from outside, with the gateway's own settings: `gateway doctor`. It asks the identity
// server, the services and the gateway what they answer to anybody, and compares that with what the settings promise. It changes nothing:
// it signs somebody in only where a password is given for that.
//
// Each check says what it found, how to mend it, and where docs/troubleshooting.md explains it. The exit code is the [Class] of what
// failed; of several the first, which is often the cause of the others:
//
//	0  nothing failed; warnings do not count
//	1  settings cannot be used, or the arguments
//	2  the identity server does not answer, or is another one
//	3  tokens: keys, secrets, clocks, roles
//	4  addresses: redirects, the gateway's public URL, cookies
//	5  a service or Redis is not there
package doctor

import (
	"context"
	"net/url"

	"storefront/shared/auth"
	"storefront/shared/config"
)

// Config is what the gateway would run with. What its faults have left without a value is zero, and the checks that need it are skipped.
type Config struct {
	config.Common
	Faults []error // of the settings

	ClientSecret config.Secret
	Scopes       []string
	IDTokenAlgs  []string
	Signer       *auth.Signer // of gateway tokens

	CatalogURL, InventoryURL *url.URL
	RedisURL                 config.Secret // "": sessions are in memory

	// With Token, or with User and Password, the checks look at a user's token too.
	User            string
	Password, Token config.Secret
}

// Declare declares what the doctor reads beside the gateway's settings.
func (c *Config) Declare(s *config.Settings) {
	c.Password = optional(s, "DOCTOR_PASSWORD", "password of the user of gateway doctor --user")
	c.Token = optional(s, "DOCTOR_TOKEN", "access token that gateway doctor examines")
}

func optional(s *config.Settings, name, doc string) config.Secret {
	values := s.RotatingIf(s.IsSet(name), name, doc, 1).Values()
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// Class is a kind of fault, and the exit code that tells of it.
type Class int

// The classes, in the order in which one is the cause of the next.
const (
	Settings Class = iota + 1
	Identity
	Tokens
	Addresses
	Reach
)

// The servers that are examined.
const (
	identityServer = "identity server"
	catalog        = "catalog"
	inventory      = "inventory"
)

// check is one row of the examination. Its name is its anchor in docs/troubleshooting.md.
type check struct {
	name  string
	of    string // the server, where several are examined for the same
	class Class
	run   func(e *examination, ctx context.Context, of string) Finding
}

// checks stand in an order in which each can use what the ones before it have learned.
var checks = []check{
	{"settings", "", Settings, (*examination).settings},
	{"identity-server", "", Identity, (*examination).identityServer},
	{"issuer", "", Identity, (*examination).issuer},
	{"published-keys", "", Tokens, (*examination).publishedKeys},
	{"client-secret", "", Tokens, (*examination).clientSecret},
	{"redirect-url", "", Addresses, (*examination).redirectURL},
	{"post-logout-url", "", Addresses, (*examination).postLogoutURL},
	{"gateway-url", "", Addresses, (*examination).gatewayURL},
	{"login", "", Addresses, (*examination).login},
	{"cookies", "", Addresses, (*examination).cookies},
	{"service", catalog, Reach, (*examination).service},
	{"service", inventory, Reach, (*examination).service},
	{"redis", "", Reach, (*examination).redis},
	{"clocks", identityServer, Tokens, (*examination).clock},
	{"clocks", catalog, Tokens, (*examination).clock},
	{"clocks", inventory, Tokens, (*examination).clock},
	{"gateway-token", catalog, Tokens, (*examination).gatewayToken},
	{"user-token", "", Tokens, (*examination).userToken},
	{"roles", "", Tokens, (*examination).roles},
	{"relayed-token", catalog, Tokens, (*examination).relayedToken},
	{"relayed-token", inventory, Tokens, (*examination).relayedToken},
}

// Examine makes every check.
func Examine(ctx context.Context, cfg Config) Report {
	e := newExamination(cfg)
	var report Report
	for _, c := range checks {
		f := c.run(e, ctx, c.of)
		f.Check, f.Of, f.class = c.name, c.of, c.class
		if f.See == "" {
			f.See = c.name
		}
		f.See = manual + "#" + f.See
		report.Findings = append(report.Findings, f)
	}
	return report
}

const manual = "docs/troubleshooting.md"
