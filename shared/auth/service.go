package auth

import (
	"errors"

	"github.com/gin-gonic/gin"

	"storefront/shared/config"
	"storefront/shared/problem"
)

// ServiceVerifier returns the verifier of the service that goes by audience, as the settings that all services share say.
func ServiceVerifier(c config.Common, audience string) (*Verifier, error) {
	keys, err := sharedKey(c)
	if err != nil {
		return nil, err
	}
	return NewVerifier(Config{
		Users:   userIssuer(c, keys),
		Gateway: Issuer{Issuer: c.GatewayIssuer, Audience: audience, Keys: keys},
	})
}

// UserVerifier returns a verifier that takes user tokens alone: the gateway's own.
func UserVerifier(c config.Common) (*Verifier, error) {
	keys, err := sharedKey(c)
	if err != nil {
		return nil, err
	}
	return NewVerifier(Config{Users: userIssuer(c, keys)})
}

// GatewayKeyID is the kid of gateway tokens that are signed with the shared key.
const GatewayKeyID = "gateway-hs256-1"

// GatewaySigner returns the signer of gateway tokens.
func GatewaySigner(c config.Common) (*Signer, error) {
	key, err := HMACSigningKey(GatewayKeyID, []byte(c.JWTSigningKey))
	if err != nil {
		return nil, err
	}
	return NewSigner(SignerConfig{Key: key, Issuer: c.GatewayIssuer})
}

func sharedKey(c config.Common) (KeySet, error) {
	key, err := HMACKey(GatewayKeyID, []byte(c.JWTSigningKey))
	if err != nil {
		return nil, err
	}
	return StaticKeys(key), nil
}

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
