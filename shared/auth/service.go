package auth

import (
	"context"
	"errors"
	"log/slog"

	"github.com/gin-gonic/gin"

	"storefront/shared/config"
	"storefront/shared/problem"
)

// ServiceVerifier returns the verifier of the service that goes by audience, as the settings that all services share
// say. The log hears of keys that cannot be had.
func ServiceVerifier(c config.Common, audience string, log *slog.Logger) (*Verifier, error) {
	keys, err := keysOf(c, log)
	if err != nil {
		return nil, err
	}
	return NewVerifier(Config{
		Users:   userIssuer(c, keys.users),
		Gateway: Issuer{Issuer: c.GatewayIssuer, Audience: audience, Keys: keys.gateway},
	})
}

// UserVerifier returns a verifier that takes user tokens alone: the gateway's own.
func UserVerifier(c config.Common, log *slog.Logger) (*Verifier, error) {
	keys, err := keysOf(c, log)
	if err != nil {
		return nil, err
	}
	return NewVerifier(Config{Users: userIssuer(c, keys.users)})
}

// GatewayKeyID is the kid of gateway tokens that are signed with the shared key.
const GatewayKeyID = "gateway-hs256-1"

// SharedKeySigner returns the signer of gateway tokens where one key is shared.
func SharedKeySigner(c config.Common, log *slog.Logger) (*Signer, error) {
	key, err := config.Watch(log, c.JWTSigningKey, func(values []config.Secret) (SigningKey, error) {
		return HMACSigningKey(GatewayKeyID, []byte(values[0]))
	})
	if err != nil {
		return nil, err
	}
	return NewSigner(SignerConfig{Key: key.Get, Issuer: c.GatewayIssuer})
}

// sources are the keys of the two makers of tokens.
type sources struct{ users, gateway KeySet }

// keysOf gives both the shared key, or each the keys that it publishes: then a service that verifies cannot sign, and no
// key of the one ever verifies a token of the other.
func keysOf(c config.Common, log *slog.Logger) (sources, error) {
	if c.AuthMode == config.JWKS {
		cfg := RemoteConfig{TLS: c.TLS, Log: log}
		return sources{
			users:   RemoteKeys(Discovered(c.FusionAuthURL, c.Issuer), cfg),
			gateway: RemoteKeys(At(c.GatewayJWKSURL.String()), cfg),
		}, nil
	}
	keys, err := config.Watch(log, c.JWTSigningKey, sharedKeys)
	shared := liveKeys{keys}
	return sources{users: shared, gateway: shared}, err
}

func sharedKeys(values []config.Secret) (KeySet, error) {
	keys := make([]Key, len(values))
	for i, v := range values {
		var err error
		if keys[i], err = HMACKey(GatewayKeyID, []byte(v)); err != nil {
			return nil, err
		}
	}
	return StaticKeys(keys...), nil
}

// liveKeys is a KeySet that is replaced as a whole.
type liveKeys struct{ *config.Live[KeySet] }

// Keys implements [KeySet].
func (l liveKeys) Keys(ctx context.Context, kid string) ([]Key, error) { return l.Get().Keys(ctx, kid) }

func userIssuer(c config.Common, keys KeySet) UserIssuer {
	return UserIssuer{
		Issuer: c.Issuer, Audience: c.UserAudience, ApplicationID: c.ClientID, RolesClaim: c.RolesClaim, Keys: keys,
	}
}

// Pass makes p the caller of the request, for middleware that has verified a token in its own way.
func Pass(c *gin.Context, p Principal) {
	c.Set(principalKey{}, p)
	c.Set(gin.AuthUserKey, p.Subject)
}

// Forbid ends the request with the 403 of [RequireRole], for a check that needs more than the role.
func Forbid(c *gin.Context, location, reason string) {
	if location != "" {
		c.Header("Location", location)
	}
	problem.Forbidden(c, errors.New(reason))
}
