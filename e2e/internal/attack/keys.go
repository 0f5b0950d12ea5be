package attack

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// published is a public key in one of the forms in which a careless server holds it.
type published struct {
	kid, as string
	secret  []byte
}

type webKey struct {
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	N   string `json:"n"`
	E   string `json:"e"`
	X   string `json:"x"`
	Y   string `json:"y"`
}

// publishedKeys are the keys of the identity server and of the gateway, in every form.
func (r *run) publishedKeys(ctx context.Context) []published {
	var all []published
	for _, base := range []string{r.target.Identity, r.target.URLs[stack.Gateway]} {
		page, err := browser.Over(r.target.Transport).Get(ctx, base+"/.well-known/jwks.json")
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if err != nil || page.Status != http.StatusOK || json.Unmarshal(page.Body, &set) != nil {
			continue
		}
		for _, text := range set.Keys {
			var key webKey
			if json.Unmarshal(text, &key) != nil {
				continue
			}
			forms := key.forms()
			forms["JWK"], forms["JWKS"], forms["n or x"] = text, page.Body, []byte(key.N+key.X)
			for as, secret := range forms {
				if len(secret) > 0 {
					all = append(all, published{key.Kid, as, secret})
				}
			}
		}
	}
	return all
}

// forms are the encodings of the key itself; none for a kind that is not known here.
func (k webKey) forms() map[string][]byte {
	forms := map[string][]byte{}
	public := k.public()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return forms
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	forms["PEM"], forms["PEM without its last line end"], forms["DER"] = text, text[:len(text)-1], der
	forms["DER in base64"] = []byte(base64.StdEncoding.EncodeToString(der))
	if key, ok := public.(*rsa.PublicKey); ok {
		forms["PKCS #1"] = pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(key)})
	}
	return forms
}

func (k webKey) public() any {
	raw := func(text string) []byte {
		bytes, _ := base64.RawURLEncoding.DecodeString(text) // what cannot be read makes no key
		return bytes
	}
	switch k.Kty {
	case "RSA":
		return &rsa.PublicKey{N: new(big.Int).SetBytes(raw(k.N)), E: int(new(big.Int).SetBytes(raw(k.E)).Int64())}
	case "EC":
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, raw(k.X), raw(k.Y))) // SEC 1 §2.3.3
		if err != nil {
			return nil
		}
		return key
	default:
		return ed25519.PublicKey(raw(k.X))
	}
}

// tryOwnKey signs with a key that the header brings along, or names an address for. Nothing may fetch it.
func tryOwnKey(ctx context.Context, p *probe) error {
	g, err := p.accessToken(ctx, "admin")
	if err != nil {
		return err
	}
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	jwk := map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "own",
		"n": base64.RawURLEncoding.EncodeToString(own.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(own.E)).Bytes()),
	}
	var fetched atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched.Add(1)
		_, _ = w.Write([]byte(asJSON(map[string]any{"keys": []any{jwk}})))
	}))
	defer trap.Close()
	der, err := x509.MarshalPKIXPublicKey(own.Public())
	if err != nil {
		return err
	}
	certificate := base64.StdEncoding.EncodeToString(der)
	for what, header := range map[string]change{
		"jwk": {"jwk": jwk}, "jwk and its kid": {"jwk": jwk, "kid": "own"}, "jku": {"jku": trap.URL + "/jwks.json", "kid": "own"}, "x5u": {"x5u": trap.URL + "/cert.pem"},
		"x5c": {"x5c": []string{certificate}}, "jku in kid": {"kid": trap.URL}, "iss as jku": {"jku": trap.URL, "iss": trap.URL},
	} {
		header["alg"] = "RS256"
		token, err := signed(asJSON(header.to(g.header)), asJSON(change{"iss": g.claims["iss"]}.to(g.claims)), jwt.SigningMethodRS256, own)
		if err != nil {
			return err
		}
		p.refuses(ctx, what, token)
		strange, err := signed(asJSON(header.to(g.header)), asJSON(change{"iss": trap.URL}.to(g.claims)), jwt.SigningMethodRS256, own)
		if err != nil {
			return err
		}
		p.refuses(ctx, what+" and another iss", strange)
	}
	if n := fetched.Load(); n > 0 {
		p.note("an address that the token named was fetched %d times", n)
	}
	return nil
}

// parameter is a parameter of an address's query.
func parameter(address, name string) string {
	_, query, _ := strings.Cut(address, "?")
	for pair := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return unescape(value)
		}
	}
	return ""
}
