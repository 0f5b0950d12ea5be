package main

import (
	"context"
	"log/slog"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/explain"
	"storefront/gateway/internal/keyring"
	"storefront/gateway/internal/login"
	"storefront/gateway/internal/revocation"
	"storefront/gateway/internal/session"
	"storefront/gateway/internal/storefront"
	"storefront/gateway/internal/upstream"
	"storefront/shared/auth"
	"storefront/shared/config"
)

// dependencies is what the routes are made of.
type dependencies struct {
	sessions  session.Store
	revoked   *revocation.List
	events    *revocation.Webhook
	users     *login.Login
	pages     *storefront.Pages
	catalog   *upstream.Service
	inventory *upstream.Service
	explain   *explain.Recorder // nil where nothing is explained
	keys      *keyring.Ring     // nil where the signing key is shared
	anonymous *login.Anonymous  // nil where public requests carry the gateway's own tokens
	signer    *auth.Signer
}

func newDependencies(cfg Config, log *slog.Logger) (d *dependencies, err error) {
	d = &dependencies{}
	if err := d.openSessions(cfg, log); err != nil {
		return d, err
	}
	if err := d.openExplain(cfg); err != nil {
		return d, err
	}
	if err := d.openKeys(cfg, log); err != nil {
		return d, err
	}
	if d.catalog, err = upstream.New(upstream.Config{URL: cfg.CatalogURL, Timeout: cfg.UpstreamTimeout, Concurrency: cfg.Concurrency, TLS: cfg.TLS, Log: log}); err != nil {
		return d, err
	}
	if d.inventory, err = upstream.New(upstream.Config{URL: cfg.InventoryURL, Timeout: cfg.UpstreamTimeout, Concurrency: cfg.Concurrency, TLS: cfg.TLS, Log: log}); err != nil {
		return d, err
	}
	if err := d.openPages(cfg); err != nil {
		return d, err
	}
	return d, d.openLogin(cfg, log)
}

// openSessions makes the store of sessions, and the list of what the identity server has taken back; both are shared by all replicas
// where Redis is.
func (d *dependencies) openSessions(cfg Config, log *slog.Logger) error {
	d.sessions = session.NewMemory(session.DefaultLimit, cfg.Lifetimes.Idle, nil)
	var revocations revocation.Log = revocation.NewMemory()
	if cfg.SessionStore == redisStore {
		client, err := session.OpenRedis(string(cfg.RedisURL.Values()[0]), cfg.TLS)
		if err != nil {
			return err
		}
		d.sessions, err = session.NewRedis(session.RedisConfig{Client: client, Secret: cfg.SessionSecret, Idle: cfg.Lifetimes.Idle, Log: log})
		if err != nil {
			return err
		}
		revocations = revocation.NewRedis(client)
	}
	var err error
	d.revoked, d.events, err = revocation.New(revocation.Config{
		Keys:     auth.RemoteKeys(auth.Discovered(cfg.FusionAuthURL, cfg.Issuer), auth.RemoteConfig{TLS: cfg.TLS, Log: log}),
		ClientID: cfg.ClientID, Log: revocations, Sessions: session.Ender{Store: d.sessions}, Logger: log,
	})
	return err
}

// openKeys makes the signer: of the shared key, or of the gateway's own, which are then published.
func (d *dependencies) openKeys(cfg Config, log *slog.Logger) (err error) {
	if cfg.AuthMode != config.JWKS {
		d.signer, err = auth.SharedKeySigner(cfg.Common, log)
		return err
	}
	if d.keys, err = keyring.Open(keyring.Config{Dir: cfg.SigningKeys, Log: log}); err != nil {
		return err
	}
	d.signer, err = auth.NewSigner(auth.SignerConfig{Key: d.keys.Key, Issuer: cfg.GatewayIssuer})
	return err
}

func (d *dependencies) openLogin(cfg Config, log *slog.Logger) error {
	verifier, err := auth.UserVerifier(cfg.Common, log)
	if err != nil {
		return err
	}
	if cfg.TokenSource == fusionAuthTokens {
		d.anonymous, err = login.NewAnonymous(login.AnonymousConfig{
			FusionAuthURL: cfg.FusionAuthURL, APIKey: cfg.APIKey, LoginID: cfg.AnonymousLoginID, Password: cfg.AnonymousPassword,
			ClientID: cfg.ClientID, Verifier: verifier, TLS: cfg.TLS, Log: log,
		})
		if err != nil {
			return err
		}
	}
	d.users, err = newLogin(cfg, d, verifier, log)
	return err
}

func newLogin(cfg Config, d *dependencies, verifier *auth.Verifier, log *slog.Logger) (*login.Login, error) {
	return login.New(login.Config{
		FusionAuthURL:       cfg.FusionAuthURL,
		FusionAuthPublicURL: cfg.FusionAuthPublicURL,
		Issuer:              cfg.Issuer,
		ClientID:            cfg.ClientID,
		ClientSecret:        cfg.ClientSecret,
		Scopes:              cfg.Scopes,
		IDTokenAlgs:         cfg.IDTokenAlgs,
		GatewayURL:          cfg.GatewayURL,
		Secret:              cfg.SessionSecret,
		Secure:              cfg.secure(),
		Store:               d.sessions,
		Lifetime:            cfg.Lifetimes.Absolute,
		Verifier:            verifier,
		Revoked:             d.revoked.Refuses,
		Pages:               login.Pages{ConfirmLogout: d.pages.ConfirmLogout, Loop: d.loopPage},
		TLS:                 cfg.TLS,
		Log:                 log,
	})
}

// publicToken is the source of tokens for public requests to one service: a fresh one of the gateway's own for each, or the anonymous
// service user's.
func (d *dependencies) publicToken(audience string) upstream.TokenSource {
	return d.explain.Source(audience, func(c *gin.Context, target auth.Target, renew bool) (string, error) {
		return d.token(c.Request.Context(), audience, target, renew)
	})
}

func (d *dependencies) token(ctx context.Context, audience string, target auth.Target, renew bool) (string, error) {
	if d.anonymous != nil {
		return d.anonymous.Token(ctx, renew)
	}
	return d.signer.Sign(audience, target)
}

// userToken is the source of the caller's own access token for one service.
func (d *dependencies) userToken(service string) upstream.TokenSource {
	return d.explain.Source(service, func(c *gin.Context, _ auth.Target, renew bool) (string, error) {
		return d.users.Token(c, renew)
	})
}

// openExplain makes the recorder of what became of requests, where it is asked for.
func (d *dependencies) openExplain(cfg Config) (err error) {
	if !cfg.Explain {
		return nil
	}
	keys := map[auth.Kind]string{
		auth.UserToken:    "FusionAuth's public key of that kid, from its JWKS",
		auth.GatewayToken: "the gateway's public key of that kid, from its JWKS",
	}
	if cfg.AuthMode == config.HMAC {
		const shared = "JWT_SIGNING_KEY, the one key that all of them share (HS256)"
		keys = map[auth.Kind]string{auth.UserToken: shared, auth.GatewayToken: shared}
	}
	d.explain, err = explain.New(cfg.GatewayURL.Host, keys)
	return err
}

// publicKeys is the handler of the gateway's key set.
func (d *dependencies) publicKeys() gin.HandlerFunc {
	if d.keys == nil {
		return keyring.ServeNone
	}
	return d.keys.Serve
}
