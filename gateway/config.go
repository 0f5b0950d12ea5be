package main

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"storefront/gateway/internal/session"
	"storefront/shared/config"
)

// Config is every setting of the gateway.
type Config struct {
	config.Common

	ClientSecret config.Rotating
	Scopes       []string
	IDTokenAlgs  []string

	SigningKeys string // directory, with JWKS

	TokenSource       string // of public requests: own or fusionAuthTokens
	APIKey            config.Rotating
	AnonymousLoginID  string
	AnonymousPassword config.Rotating

	CatalogURL      *url.URL
	InventoryURL    *url.URL
	UpstreamTimeout time.Duration
	Concurrency     int // requests under way, to each service

	LoginRate, WebhookRate, APIRate config.Rate // of each client

	SessionStore  string
	SessionSecret config.Rotating
	RedisURL      config.Rotating // the first value
	Lifetimes     session.Lifetimes

	Explain bool // keep and show what became of the last requests
}

// idTokenAlgs are the algorithms that ID_TOKEN_ALGS can name.
var idTokenAlgs = []string{"RS256", "ES256", "EdDSA", "HS256"}

func loadConfig(environ []string) (Config, error) {
	s := config.Read(environ)
	cfg := declare(s)
	return cfg, s.Err()
}

func declare(s *config.Settings) Config {
	cfg := Config{
		Common:          s.Common("127.0.0.1:3000"),
		ClientSecret:    s.Rotating("FUSIONAUTH_CLIENT_SECRET", "secret of the application in FusionAuth", 1),
		Scopes:          strings.Fields(s.String("OIDC_SCOPES", "openid profile email offline_access", "scopes asked for at login; offline_access gives a refresh token")),
		IDTokenAlgs:     s.List("ID_TOKEN_ALGS", "RS256,ES256,EdDSA", "algorithms of ID tokens; HS256 (keyed by the client secret, FusionAuth's tenant default) only when listed"),
		SigningKeys:     s.String("GATEWAY_SIGNING_KEYS", "", "jwks: directory of PEM private keys that all replicas share, file name without .pem = kid; all are published, the newest that is a minute old signs"),
		CatalogURL:      s.URL("CATALOG_URL", "http://localhost:3001", "where the gateway reaches catalog"),
		InventoryURL:    s.URL("INVENTORY_URL", "http://localhost:3002", "where the gateway reaches inventory"),
		UpstreamTimeout: s.Duration("UPSTREAM_TIMEOUT", 10*time.Second, "longest exchange with a service"),
		Concurrency:     s.Int("UPSTREAM_CONCURRENCY", 512, "requests that may be under way to each service; more are answered 503 at once"),
		LoginRate:       s.Rate("RATE_LIMIT_LOGIN", "how often one client may sign in, such as 10/1m; no limit by default"),
		WebhookRate:     s.Rate("RATE_LIMIT_WEBHOOK", "how often one client may call the webhook, such as 600/1m; no limit by default"),
		APIRate:         s.Rate("RATE_LIMIT_API", "how often one client (the user, or the address where nobody is signed in) may ask the API, such as 300/1m; no limit by default"),
	}
	cfg.declareSessions(s)
	cfg.Explain = s.Bool("EXPLAIN_TOKENS", false, "show at /explain which token went where and what it says; for demos, on loopback alone")
	if cfg.Explain && !config.Loopback(cfg.GatewayURL.Hostname()) {
		s.Fault("EXPLAIN_TOKENS", "is true, and GATEWAY_URL is not loopback: it shows what tokens say of people")
	}
	cfg.declareTokenSource(s)
	s.RefuseDemo("FUSIONAUTH_CLIENT_SECRET", cfg.ClientSecret, cfg.GatewayURL)
	s.RefuseDemo("SESSION_SECRET", cfg.SessionSecret, cfg.GatewayURL)
	if cfg.AuthMode == config.JWKS && cfg.SigningKeys == "" {
		s.Fault("GATEWAY_SIGNING_KEYS", "is required with AUTH_MODE=jwks: a directory of private keys, made with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")
	}
	for _, alg := range cfg.IDTokenAlgs {
		switch {
		case !slices.Contains(idTokenAlgs, alg):
			s.Fault("ID_TOKEN_ALGS", "%q is not one of %s", alg, strings.Join(idTokenAlgs, ", "))
		case alg == "HS256" && cfg.AuthMode == config.JWKS:
			s.Fault("ID_TOKEN_ALGS", "lists HS256, which is keyed by a shared secret; AUTH_MODE=jwks takes public keys alone")
		}
	}
	if !slices.Contains(cfg.Scopes, "openid") {
		s.Fault("OIDC_SCOPES", "must hold openid, without which no ID token says who signed in")
	}
	return cfg
}

// redisStore is the value of SESSION_STORE with which replicas share sessions.
const redisStore = "redis"

func (c *Config) declareSessions(s *config.Settings) {
	c.SessionStore = s.Enum("SESSION_STORE", "memory", "where sessions are kept: memory (one gateway process, which forgets them when it ends) or redis (any number of them)", "memory", redisStore)
	c.RedisURL = s.RotatingIf(c.SessionStore == redisStore, "REDIS_URL", "with SESSION_STORE=redis: redis://user:password@host:port/0, or rediss:// for TLS", 1)
	c.SessionSecret = s.Rotating("SESSION_SECRET", "seals the cookies of login attempts, and sessions in Redis; at least 32 bytes; several, one a line: the first seals, all open", 32)
	def := session.DefaultLifetimes
	c.Lifetimes.Idle = s.Duration("SESSION_IDLE", def.Idle, "how long a session lasts without a request")
	c.Lifetimes.Absolute = s.Duration("SESSION_LIFETIME", def.Absolute, "how long a session lasts since its login, however busy")
	if c.Lifetimes.Idle > c.Lifetimes.Absolute {
		s.Fault("SESSION_IDLE", "is longer than SESSION_LIFETIME, which ends the session first")
	}
}

// fusionAuthTokens is the value of GATEWAY_TOKEN_SOURCE with which FusionAuth makes every token.
const fusionAuthTokens = "fusionauth"

func (c *Config) declareTokenSource(s *config.Settings) {
	c.TokenSource = s.Enum("GATEWAY_TOKEN_SOURCE", "own", "whose tokens public requests carry: own, or in jwks mode fusionauth (of the anonymous service user: bound to no service and no request)", "own", fusionAuthTokens)
	used := c.TokenSource == fusionAuthTokens
	c.APIKey = s.RotatingIf(used, "FUSIONAUTH_API_KEY", "with GATEWAY_TOKEN_SOURCE=fusionauth: an API key that is restricted to POST /api/login", 8)
	c.AnonymousLoginID = s.String("ANONYMOUS_LOGIN_ID", "anonymous@example.com", "with GATEWAY_TOKEN_SOURCE=fusionauth: the service user")
	c.AnonymousPassword = s.RotatingIf(used, "ANONYMOUS_PASSWORD", "with GATEWAY_TOKEN_SOURCE=fusionauth: its password", 8)
	if used && c.AuthMode != config.JWKS {
		s.Fault("GATEWAY_TOKEN_SOURCE", "is fusionauth, which needs AUTH_MODE=jwks")
	}
	s.RefuseDemo("FUSIONAUTH_API_KEY", c.APIKey, c.GatewayURL)
	s.RefuseDemo("ANONYMOUS_PASSWORD", c.AnonymousPassword, c.GatewayURL)
}

// secure reports whether browsers reach the gateway over https, so that its cookies must be Secure.
func (c Config) secure() bool { return c.GatewayURL.Scheme == "https" }
