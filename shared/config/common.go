package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Common is what every service reads: where it listens, whom it trusts, how it logs.
type Common struct {
	Addr      []string // host:port each
	AdminAddr string   // "" is off

	AuthMode      string   // HMAC or JWKS
	JWTSigningKey Rotating // with JWKS nothing

	FusionAuthURL       *url.URL
	FusionAuthPublicURL *url.URL // where browsers reach it
	Issuer              string   // the iss of user tokens and ID tokens
	ClientID            string
	UserAudience        string
	RolesClaim          string

	GatewayURL       *url.URL
	GatewayURLSet    bool // by the environment, not by default
	GatewayIssuer    string
	GatewayJWKSURL   *url.URL // with JWKS
	LoginRedirectURL string

	TLS            *tls.Config // for outgoing connections
	TrustedProxies []string

	LogLevel, LogFormat string

	StopTimeout time.Duration // for what is in flight
}

// kickstartClientID is the id of the application that fusionauth/kickstart/kickstart.json makes.
const kickstartClientID = "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e"

// The values of AUTH_MODE.
const (
	HMAC = "hmac" // one shared key signs and verifies every token
	JWKS = "jwks" // who signs publishes a key that verifies, and nobody shares a secret
)

// Common declares the settings that all services share; addr is where this one listens by default.
func (s *Settings) Common(addr string) Common {
	c := Common{
		Addr:          s.List("ADDR", addr, "listen address; several, separated by commas, are all served"),
		AdminAddr:     s.String("ADMIN_ADDR", "", "listen address of metrics and pprof; off when empty"),
		AuthMode:      s.Enum("AUTH_MODE", HMAC, "how tokens are signed: hmac (one shared key, the article) or jwks (each signer publishes its public keys)", HMAC, JWKS),
		FusionAuthURL: s.URL("FUSIONAUTH_URL", "http://localhost:9011", "where services reach FusionAuth"),
		ClientID:      s.String("FUSIONAUTH_CLIENT_ID", kickstartClientID, "id of the application in FusionAuth"),
		RolesClaim:    s.String("ROLES_CLAIM", "roles", "where roles stand in a user token; dots for nesting"),
		GatewayURL:    s.URL("GATEWAY_URL", "http://localhost:3000", "the gateway's public URL; https makes its cookies Secure"),
		GatewayURLSet: s.IsSet("GATEWAY_URL"),
		LogLevel:      s.Enum("LOG_LEVEL", "info", "least level that is logged", "debug", "info", "warn", "error"),
		LogFormat:     s.Enum("LOG_FORMAT", "json", "json or text", "json", "text"),
		StopTimeout:   s.Duration("STOP_TIMEOUT", 10*time.Second, "how long a stopping process waits for requests in flight"),
	}
	c.JWTSigningKey = s.signingKey(c)
	c.FusionAuthPublicURL = s.URL("FUSIONAUTH_PUBLIC_URL", c.FusionAuthURL.String(), "where browsers reach FusionAuth; default FUSIONAUTH_URL")
	c.Issuer = s.String("FUSIONAUTH_ISSUER", c.FusionAuthPublicURL.String(), "the iss expected in user tokens and ID tokens; default FUSIONAUTH_PUBLIC_URL, then FUSIONAUTH_URL")
	c.UserAudience = s.String("USER_AUDIENCE", c.ClientID, "the aud expected in user tokens; default the client id")
	c.GatewayIssuer = s.String("GATEWAY_ISSUER", c.GatewayURL.Host, "the iss of gateway tokens; default host:port of GATEWAY_URL, as in the article")
	c.GatewayJWKSURL = s.URL("GATEWAY_JWKS_URL", c.GatewayURL.String()+"/.well-known/jwks.json", "jwks: where services fetch the gateway's public keys; default GATEWAY_URL/.well-known/jwks.json")
	c.LoginRedirectURL = s.loginRedirect()
	c.TLS = s.tls()
	c.TrustedProxies = s.trustedProxies()
	s.checkAddresses(c)
	if c.GatewayURL.Path != "" {
		s.Fault("GATEWAY_URL", "has a path; the gateway serves the root of its host")
	}
	if slices.Contains(strings.Split(c.RolesClaim, "."), "") {
		s.Fault("ROLES_CLAIM", "has an empty name between its dots")
	}
	s.RefusePlain("FUSIONAUTH_URL", c.FusionAuthURL)
	if s.IsSet("FUSIONAUTH_PUBLIC_URL") {
		s.RefusePlain("FUSIONAUTH_PUBLIC_URL", c.FusionAuthPublicURL)
	}
	if c.AuthMode == JWKS {
		s.RefusePlain("GATEWAY_JWKS_URL", c.GatewayJWKSURL)
	}
	return c
}

// signingKey is the shared key, which only HMAC has. One that is set and not used would be taken for what protects the shop.
func (s *Settings) signingKey(c Common) Rotating {
	const name, doc = "JWT_SIGNING_KEY", "hmac: the key that signs and verifies every token, at least 32 bytes; several, one a line: the first signs, all verify"
	if c.AuthMode == JWKS && s.IsSet(name) {
		s.Fault(name, "is set, but AUTH_MODE=jwks shares no key; unset it")
	}
	key := s.RotatingIf(c.AuthMode != JWKS, name, doc, 32)
	s.RefuseDemo(name, key, c.GatewayURL)
	return key
}

// RefuseDemo stops a start with the repository's demo secrets unless the gateway is on this machine's loopback.
func (s *Settings) RefuseDemo(name string, secret Rotating, gateway *url.URL) {
	if slices.ContainsFunc(secret.values, Secret.Demo) && !Loopback(gateway.Hostname()) {
		s.Fault(name, "is a demo value that everybody knows, and GATEWAY_URL is not loopback; make one with: openssl rand -base64 48")
	}
}

// RefusePlain stops a start that would speak plain http, outside this machine or cluster, to whoever says which tokens are good.
func (s *Settings) RefusePlain(name string, u *url.URL) {
	if u.Scheme == "http" && !Loopback(u.Hostname()) && !privateName(u.Hostname()) {
		s.Fault(name, "is plain http to %s, which is neither loopback nor a private name; use https", u.Hostname())
	}
}

// Loopback reports whether host is this machine by name or address.
func Loopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") // RFC 6761 §6.3
}

// privateName reports whether host can only be a container or cluster name.
func privateName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.ToLower(host)
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}

func (s *Settings) loginRedirect() string {
	const name, doc = "LOGIN_REDIRECT_URL", "services: where a browser without a valid token is sent instead of 401"
	if !s.IsSet(name) {
		return s.String(name, "", doc)
	}
	return s.URL(name, "", doc).String()
}

func (s *Settings) tls() *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	path := s.String("CA_FILE", "", "PEM certificates added to the system's roots for outgoing TLS connections")
	if path == "" {
		return cfg
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	pem, err := os.ReadFile(path)
	if err == nil && !roots.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s holds no PEM certificate", path)
	}
	if err != nil {
		s.Fault("CA_FILE", "%v", err)
	}
	cfg.RootCAs = roots
	return cfg
}

func (s *Settings) trustedProxies() []string {
	cidrs := s.List("TRUSTED_PROXIES", "", "CIDRs whose X-Forwarded-For is believed; none by default")
	for _, cidr := range cidrs {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			s.Fault("TRUSTED_PROXIES", "%q is not a CIDR such as 10.0.0.0/8", cidr)
		}
	}
	return cidrs
}

func (s *Settings) checkAddresses(c Common) {
	if len(c.Addr) == 0 {
		s.Fault("ADDR", "names no address")
	}
	for _, addr := range c.Addr {
		s.checkAddress("ADDR", addr)
	}
	if c.AdminAddr != "" {
		s.checkAddress("ADMIN_ADDR", c.AdminAddr)
	}
}

func (s *Settings) checkAddress(name, addr string) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		s.Fault(name, "%q is not host:port", addr)
	}
}

// ForbiddenLocation is where the article's services point whoever lacks the role: the gateway, where that is configured; "" is nowhere.
func (c Common) ForbiddenLocation() string {
	if !c.GatewayURLSet {
		return ""
	}
	return c.GatewayURL.String()
}
