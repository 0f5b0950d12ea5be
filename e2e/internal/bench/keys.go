package bench

import (
	"crypto/rand"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/stack"
	"storefront/shared/auth"
)

// What the tokens of the bare pair say.
const (
	audience   = "benchmark"
	issuer     = "benchmark:0"
	userIssuer = "http://benchmark"
	clientID   = "benchmark"
)

// keys sign and verify in one algorithm; private is what golang-jwt signs with.
type keys struct {
	signing auth.SigningKey
	private any
}

func newKeys(algorithm string) (keys, error) {
	if algorithm == "HS256" {
		secret := []byte(rand.Text() + rand.Text())
		k, err := auth.HMACSigningKey("benchmark", secret)
		return keys{k, secret}, err
	}
	private, err := stack.NewPrivateKey(algorithm)
	if err != nil {
		return keys{}, err
	}
	k, err := auth.PrivateKey("benchmark", private)
	return keys{k, private}, err
}

// pair is the gateway's half and the service's half.
func (k keys) pair() (*auth.Signer, *auth.Verifier, error) {
	signer, err := auth.NewSigner(auth.SignerConfig{Key: k.signing.Always, Issuer: issuer})
	if err != nil {
		return nil, nil, err
	}
	set := auth.StaticKeys(k.signing.Key)
	verifier, err := auth.NewVerifier(auth.Config{
		Users:   auth.UserIssuer{Issuer: userIssuer, Audience: clientID, ApplicationID: clientID, Keys: set},
		Gateway: auth.Issuer{Issuer: issuer, Audience: audience, Keys: set},
	})
	return signer, verifier, err
}

// userToken is one as FusionAuth would make it.
func (k keys) userToken() (string, error) {
	now := time.Now()
	t := jwt.NewWithClaims(jwt.GetSigningMethod(k.signing.Key.Algorithm), jwt.MapClaims{
		"iss": userIssuer, "aud": clientID, "applicationId": clientID, "sub": "00000000-0000-0000-0000-000000000001",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "roles": []string{"admin"},
	})
	t.Header["kid"] = "benchmark"
	return t.SignedString(k.private)
}
