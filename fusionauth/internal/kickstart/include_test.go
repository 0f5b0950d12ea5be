package kickstart_test

import (
	"crypto/ed25519"
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

func TestParse_refusesWeakOrOtherPrivateKeys(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Ed25519":        block("PRIVATE KEY", other),
		"1024 bits":      block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak)),
		"garbage in PEM": block("PRIVATE KEY", []byte("x")),
	} {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.NewReplacer(`"secret": "#{ENV.SECRET}"`, `"privateKey": `+string(quoted), `"type": "HMAC"`, `"type": "RSA"`, `"HS256"`, `"RS256"`).Replace(good(t))
		if _, err := parse(changed, environment()); err == nil || !strings.Contains(err.Error(), "is not an RSA private key of 2048 bits or more") {
			t.Errorf("%s as RSA private key: Parse = %v", name, err)
		}
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
