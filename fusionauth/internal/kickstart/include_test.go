package kickstart_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
)

func TestParse_includesRequests(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good(t), `"requests": [`, `"requests": [ "&{parts/tenant.json}",`, 1)
	part := `{"method": "PATCH", "url": "/api/tenant/#{defaultTenantId}", "body": "&{parts/body.json}"}`
	body := `{"tenant": {"name": "#{ENV.API_KEY}"}}`
	setup, err := parse(text, environment(), "parts/tenant.json", part, "parts/body.json", body)
	if err != nil || setup.Tenant.Name != environment()["API_KEY"] {
		t.Errorf("Parse = tenant %q, %v; want the name that the included body sets", setup.Tenant.Name, err)
	}
}

func TestParse_faultsNameTheIncludedFile(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good(t), `"requests": [`, `"requests": [ "&{parts/tenant.json}",`, 1)
	for name, part := range map[string]string{
		"field":  "{\n\"method\": \"PATCH\", \"url\": \"/api/tenant/#{defaultTenantId}\",\n\"bdy\": {}, \"body\": {\"tenant\": {}}}",
		"syntax": "{\n\"method\":\n]",
	} {
		_, err := parse(text, environment(), "parts/tenant.json", part)
		if err == nil || !strings.HasPrefix(err.Error(), "parts/tenant.json:3: ") {
			t.Errorf("fault in the %s of an included file = %v, want it on parts/tenant.json:3", name, err)
		}
	}
}

func TestParse_importsRSAKeys(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{
		"pkcs8.pem", block("PRIVATE KEY", pkcs8), "pkcs1.pem", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
		"public.pem", block("PUBLIC KEY", pkix), "variable.pem", block("PRIVATE KEY", pkcs8) + "#{apiKey}",
	}
	tests := []struct{ name, fields, want string }{
		{"PKCS #8", `"privateKey": "@{pkcs8.pem}"`, ""},
		{"PKCS #1 with its public half", `"privateKey": "@{pkcs1.pem}", "publicKey": "@{public.pem}"`, ""},
		{"public half that is none", `"privateKey": "@{pkcs1.pem}", "publicKey": "@{pkcs8.pem}"`, "publicKey is not the public half of privateKey"},
		{"public key as private", `"privateKey": "@{public.pem}"`, "is not an RSA private key"},
		{"variable inside the text", `"privateKey": "@{variable.pem}"`, "variables in an included text are not supported"},
		{"missing file", `"privateKey": "@{nowhere.pem}"`, `included file "nowhere.pem" cannot be read`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.NewReplacer(`"secret": "#{ENV.SECRET}"`, tt.fields, `"type": "HMAC"`, `"type": "RSA"`, `"HS256"`, `"RS256"`).Replace(good(t))
			setup, err := parse(text, environment(), files...)
			if tt.want == "" {
				if err != nil || !strings.Contains(string(setup.Keys[1].PEM), "PRIVATE KEY") {
					t.Errorf("Parse = %v, want the PEM text in the key", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, want %q", err, tt.want)
			}
		})
	}
}

// TestParse_privateKeys imports every kind of private key as every type: each goes only where it belongs.
func TestParse_privateKeys(t *testing.T) {
	t.Parallel()
	for name, tt := range privateKeys(t) {
		for kind, algorithm := range map[string]string{"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519"} {
			quoted, err := json.Marshal(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.NewReplacer(`"secret": "#{ENV.SECRET}"`, `"privateKey": `+string(quoted), `"type": "HMAC"`, `"type": "`+kind+`"`,
				`"HS256"`, `"`+algorithm+`"`).Replace(good(t))
			setup, err := parse(changed, environment())
			if kind == tt.kind {
				if err != nil || setup.Keys[1].Algorithm != algorithm || string(setup.Keys[1].PEM) != tt.text {
					t.Errorf("%s as %s: Parse = %v, want the key", name, kind, err)
				}
				continue
			}
			want := map[string]string{"RSA": "an RSA private key of 2048 bits or more", "EC": "an EC private key on P-256", "OKP": "an Ed25519 private key"}[kind]
			if err == nil || !strings.Contains(err.Error(), "privateKey is not "+want) || strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s as %s: Parse = %v, want it to say that this is not %s", name, kind, err, want)
			}
		}
	}
}

type privateKey struct{ kind, text string }

// privateKeys are good ones of each type, and some that are of none.
func privateKeys(t *testing.T) map[string]privateKey {
	t.Helper()
	must := func(der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]privateKey{
		"Ed25519":        {"OKP", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ed)))},
		"P-256, PKCS #8": {"EC", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256)))},
		"P-256, SEC 1":   {"EC", block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256)))},
		"P-384":          {"", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p384)))},
		"1024 bits":      {"", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak))},
		"garbage in PEM": {"", block("PRIVATE KEY", []byte("x"))},
		"no PEM":         {"", "MIIE"},
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
