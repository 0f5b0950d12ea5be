package stack

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// keyTypes are FusionAuth's names for the kinds of keys.
var keyTypes = map[string]struct{ algorithm, kind string }{
	"RS256": {"RS256", "RSA"}, "ES256": {"ES256", "EC"}, "EdDSA": {"Ed25519", "OKP"},
}

// ImportUserKey writes a copy of the kickstart in which the key that signs access tokens by that algorithm is not generated but known,
// so that tests can change tokens and sign them again. The identity server reads it as KICKSTART_FILE.
func ImportUserKey(root, dir, algorithm, kid string) (path string, private crypto.Signer, err error) {
	text, err := os.ReadFile(filepath.Join(root, "fusionauth", "kickstart", "kickstart.json"))
	if err != nil {
		return "", nil, err
	}
	var kickstart map[string]any
	if err := json.Unmarshal(text, &kickstart); err != nil {
		return "", nil, fmt.Errorf("read kickstart: %w", err)
	}
	private, err = NewPrivateKey(algorithm)
	if err != nil {
		return "", nil, err
	}
	key, err := importedKey(private, algorithm, kid)
	if err != nil {
		return "", nil, err
	}
	if err := importKey(kickstart, userKeys[algorithm], key); err != nil {
		return "", nil, err
	}
	if text, err = json.MarshalIndent(kickstart, "", "  "); err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "kickstart.json")
	return path, private, os.WriteFile(path, text, 0o600)
}

func importedKey(private crypto.Signer, algorithm, kid string) (map[string]any, error) {
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, err
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return map[string]any{
		"algorithm": keyTypes[algorithm].algorithm, "type": keyTypes[algorithm].kind, "kid": kid, "name": "Known key of " + algorithm,
		"privateKey": block("PRIVATE KEY", secret), "publicKey": block("PUBLIC KEY", public),
	}, nil
}

// importKey replaces the request that generates the key of that id.
func importKey(kickstart map[string]any, id string, key map[string]any) error {
	variables, _ := kickstart["variables"].(map[string]any)
	requests, _ := kickstart["requests"].([]any)
	for _, r := range requests {
		request, _ := r.(map[string]any)
		url, _ := request["url"].(string)
		name, generates := strings.CutPrefix(url, "/api/key/generate/")
		if variable := strings.TrimSuffix(strings.TrimPrefix(name, "#{"), "}"); generates && (name == id || variables[variable] == id) {
			request["url"], request["body"] = "/api/key/import/"+name, map[string]any{"key": key}
			return nil
		}
	}
	return fmt.Errorf("the kickstart generates no key %s", id)
}
