package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"storefront/shared/config"
)

// provider is the identity server as its discovery document describes it (OpenID Connect Discovery §3), with each address
// where it is reached: paths are the document's, hosts are the settings'.
type provider struct {
	oauth2       oauth2.Config // without the client secret, which may change: see [Login.oauth]
	idTokens     *oidc.IDTokenVerifier
	endSession   *url.URL // where browsers end the single sign-on; nil when there is no such endpoint
	revocation   string   // RFC 7009; "" when there is none
	alwaysIssues bool     // RFC 9207: every authorization answer carries iss
}

// discovery fetches the provider when it is first needed and keeps it. While the identity server is away each use tries again,
// one at a time.
type discovery struct {
	cfg    Config
	client *http.Client
	secret *config.Live[config.Secret]
	known  atomic.Pointer[provider]
	flight singleflight.Group
}

func (d *discovery) get(ctx context.Context) (*provider, error) {
	if p := d.known.Load(); p != nil {
		return p, nil
	}
	found := d.flight.DoChan("", func() (any, error) {
		p, err := d.fetch()
		if err == nil {
			d.known.Store(p)
		}
		return p, err
	})
	select {
	case r := <-found:
		return r.Val.(*provider), r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fetch has no request's context: the one flight serves many requests, and key sets keep the context that they are made with.
func (d *discovery) fetch() (*provider, error) {
	ctx := oidc.ClientContext(context.Background(), d.client)
	// The document is fetched from where services reach FusionAuth and must still name the issuer that the settings pin.
	found, err := oidc.NewProvider(oidc.InsecureIssuerURLContext(ctx, d.cfg.Issuer), d.cfg.FusionAuthURL.String())
	if err != nil {
		return nil, fmt.Errorf("discover identity server: %w", err)
	}
	var doc struct {
		Issuer       string `json:"issuer"`
		Authorize    string `json:"authorization_endpoint"`
		Token        string `json:"token_endpoint"`
		JWKS         string `json:"jwks_uri"`
		EndSession   string `json:"end_session_endpoint"`
		Revocation   string `json:"revocation_endpoint"`
		AlwaysIssues bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&doc); err != nil {
		return nil, fmt.Errorf("read discovery document: %w", err)
	}
	if doc.Issuer != d.cfg.Issuer {
		return nil, fmt.Errorf("identity server calls itself %q and FUSIONAUTH_ISSUER is %q: set one to the other", doc.Issuer, d.cfg.Issuer)
	}
	inside, outside := rebase{base: d.cfg.FusionAuthURL}, rebase{base: d.cfg.FusionAuthPublicURL}
	p := &provider{alwaysIssues: doc.AlwaysIssues}
	p.oauth2 = oauth2.Config{
		ClientID:    d.cfg.ClientID,
		RedirectURL: d.cfg.GatewayURL.String() + "/oauth-redirect", Scopes: d.cfg.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: outside.move(doc.Authorize), TokenURL: inside.move(doc.Token),
			AuthStyle: oauth2.AuthStyleInHeader, // fixed: trying the other style as well would spend the code
		},
	}
	jwks := inside.move(doc.JWKS)
	if doc.EndSession != "" {
		p.endSession, _ = url.Parse(outside.move(doc.EndSession))
	}
	if doc.Revocation != "" {
		p.revocation = inside.move(doc.Revocation)
	}
	if err := errors.Join(inside.err, outside.err); err != nil {
		return nil, fmt.Errorf("read discovery document: %w", err)
	}
	p.idTokens = d.idTokens(ctx, jwks)
	return p, nil
}

// idTokens verifies ID tokens with the published keys, and HS256 ones with the client secret where the settings list HS256.
func (d *discovery) idTokens(ctx context.Context, jwks string) *oidc.IDTokenVerifier {
	keys := idTokenKeys{published: oidc.NewRemoteKeySet(ctx, jwks)}
	if slices.Contains(d.cfg.IDTokenAlgs, jwt.SigningMethodHS256.Alg()) {
		keys.secret = d.secret.Get
	}
	return oidc.NewVerifier(d.cfg.Issuer, keys, &oidc.Config{
		ClientID: d.cfg.ClientID, SupportedSigningAlgs: d.cfg.IDTokenAlgs, Now: d.cfg.Now,
	})
}

// rebase moves addresses of the discovery document to another scheme and host. The first fault stays in err.
type rebase struct {
	base *url.URL
	err  error
}

func (r *rebase) move(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		r.err = errors.Join(r.err, fmt.Errorf("%q is no absolute URL", endpoint))
		return ""
	}
	u.Scheme, u.Host = r.base.Scheme, r.base.Host
	return u.String()
}

// idTokenKeys chooses by the algorithm that the verifier has already found among the allowed ones. A public key never meets
// HMAC here: the only HMAC key is the client secret.
type idTokenKeys struct {
	published oidc.KeySet
	secret    func() config.Secret // nil: HS256 is not taken
}

// outageKey is where a caller of VerifySignature leaves room for an error that says that the keys could not be had; go-oidc
// flattens it to text.
type outageKey struct{}

func (k idTokenKeys) byPublished(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.published.VerifySignature(ctx, token)
	if room, ok := ctx.Value(outageKey{}).(*error); ok && err != nil && (isTransport(err) || strings.Contains(err.Error(), "get keys failed")) {
		*room = err
	}
	return payload, err
}

// VerifySignature implements oidc.KeySet.
func (k idTokenKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	if k.secret == nil {
		return k.byPublished(ctx, token)
	}
	parser := jwt.NewParser(jwt.WithoutClaimsValidation())
	parsed, parts, err := parser.ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		return nil, err
	}
	if parsed.Method != jwt.SigningMethodHS256 {
		return k.byPublished(ctx, token)
	}
	signature, err := parser.DecodeSegment(parts[2])
	if err != nil {
		return nil, err
	}
	if err := jwt.SigningMethodHS256.Verify(parts[0]+"."+parts[1], signature, []byte(k.secret())); err != nil {
		return nil, err
	}
	return parser.DecodeSegment(parts[1])
}
