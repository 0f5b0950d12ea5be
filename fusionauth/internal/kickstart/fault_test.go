package kickstart_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"storefront/fusionauth/internal/kickstart"
)

// faulty is testdata/good.json with one thing changed, and what Parse must say about it: a sentence, on the line that holds at
// (the changed text by default).
type faulty struct {
	name     string
	old, new string
	at       string
	want     string
	env      map[string]string // in place of the good value
	more     int               // faults that follow: what the faulty request would have made is missing
}

func (f faulty) check(t *testing.T) {
	t.Helper()
	text := good(t)
	if strings.Count(text, f.old) == 0 {
		t.Fatalf("testdata/good.json does not hold %q", f.old)
	}
	text = strings.Replace(text, f.old, f.new, 1)
	env := environment()
	for name, value := range f.env {
		env[name] = value
	}
	_, err := parse(text, env)
	faults, ok := errors.AsType[kickstart.Faults](err)
	if !ok {
		t.Fatalf("Parse = %v, want a fault that says %q", err, f.want)
	}
	at := f.at
	if at == "" {
		at, _, _ = strings.Cut(f.new, "\n")
	}
	before, _, found := strings.Cut(text, at)
	if !found {
		t.Fatalf("the changed kickstart does not hold %q", at)
	}
	line := 1 + strings.Count(before, "\n")
	said := slices.ContainsFunc(faults, func(got kickstart.Fault) bool { return got.Line == line && strings.Contains(got.Text, f.want) })
	if !said || len(faults) != 1+f.more {
		t.Errorf("Parse said:\n%v\nwant %d faults, one of them on line %d that says %q", faults, 1+f.more, line, f.want)
	}
}

func checkAll(t *testing.T, table []faulty) {
	t.Helper()
	for _, f := range table {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.check(t)
		})
	}
}

func TestParse_refusesBadJSON(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "comment", old: `"settings"`, new: `// time
  "settings"`, want: "not valid JSON"},
		{name: "trailing comma", old: `"HMAC"
        }`, new: `"HMAC",
        }`, at: `}
      }
    },
    {
      "method": "POST",
      "url": "/api/key/generate`, want: "strict JSON, without comments and trailing commas"},
		{name: "name in another case", old: `"clientSecret"`, new: `"clientsecret"`, want: `has no field "clientsecret" here; known: clientSecret, in that case`},
		{name: "unknown field", old: `"kid"`, new: `"keyIdentifier": "x", "kid"`, want: `has no field "keyIdentifier" here; known: algorithm, kid`},
		{name: "unknown field at the top", old: `"settings"`, new: `"licenseId": "x", "settings"`, want: `kickstart has no field "licenseId"`},
		{name: "duplicate name", old: `"kid": "one"`, new: `"kid": "one", "kid": "two"`, want: `"kid" stands twice in one object`},
		{name: "string for a boolean", old: `"enabled": true`, new: `"enabled": "true"`, want: "must be true or false, not a string"},
		{name: "string for a number", old: `"length": 2048`, new: `"length": "2048"`, want: "must be a number, not a string"},
		{name: "fraction", old: `"timeToLiveInSeconds": 600`, new: `"timeToLiveInSeconds": 600.5`, want: "positive whole number"},
		{name: "negative time", old: `"readTimeout": 10000`, new: `"readTimeout": -1`, want: "positive whole number"},
		{name: "number for a string", old: `"kid": "one"`, new: `"kid": 1`, want: "must be a string, not a number"},
		{name: "object for a list", old: `["POST"]`, new: `{"POST": true}`, want: "must be an array, not an object"},
		{name: "list for an object", old: `{ "connectTimeout": 5000, "readTimeout": 10000 }`, new: `[5000, 10000]`, want: "must be an object, not an array"},
		// the vendor's own get-started file writes roles as strings, which its client types refuse
		{name: "role as a string", old: `"roles": [
            {`, new: `"roles": [
            "boss", {`, at: `"boss", {`, want: "application.roles must be an object, not a string"},
		{name: "number in a list of strings", old: `"authorization_code"`, new: `7`, at: "7\n", want: "must hold strings, not a number"},
		{name: "empty text", old: `"kid": "one"`, new: `"kid": ""`, want: "is empty; give it a value or leave it out"},
	})
}

func TestParse_refusesBadVariables(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "unset environment", old: `"#{ENV.SECRET}"`, new: `"#{ENV.NOWHERE}"`, want: "environment variable NOWHERE is not set or empty; set it"},
		{name: "empty environment", old: `"#{ENV.SECRET}"`, new: `"#{ENV.SECRET}"`, env: map[string]string{"SECRET": ""}, want: "environment variable SECRET is not set or empty"},
		{name: "unknown variable", old: `"kid": "one"`, new: `"kid": "#{kidd}"`, want: `unknown variable #{kidd}; declare it under variables, or write \\#{kidd}`},
		{name: "unclosed variable", old: `"kid": "one"`, new: `"kid": "#{keyId"`, want: `"#{" without "}"`},
		{name: "variable in a variable", old: `"roleId": "#{UUID()}"`, new: `"roleId": "#{keyId}"`, want: "a variable may only use #{ENV.NAME} and #{UUID()}"},
		{name: "variable that is a number", old: `"roleId": "#{UUID()}"`, new: `"roleId": 5`, want: `variable "roleId" must be a string, not a number`},
		{name: "variable with a predefined name", old: `"roleId"`, new: `"FUSIONAUTH_APPLICATION_ID": "x", "roleId"`, want: "has the name of a predefined one"},
		{name: "default tenant that is no UUID", old: `"11111111-1111-4111-8111-111111111111"`, new: `"main"`, want: "variables.defaultTenantId is not a UUID"},
	})
}

func TestParse_refusesBadRequests(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "unknown URL", old: `/api/key/import/`, new: `/api/keys/import/`, more: 1, want: "is no request that this stand-in serves; known: PATCH /api/tenant/{id}"},
		// the vendor's quick start has "api/system-configuration"
		{name: "URL without slash", old: `"/api/key/import/`, new: `"api/key/import/`, more: 1, want: "is no request that this stand-in serves"},
		{name: "unknown method", old: `"method": "PATCH"`, new: `"method": "PUT"`, at: `"url": "/api/tenant`, want: "is no request that this stand-in serves"},
		{name: "URL without id", old: `/api/application/55555555-5555-4555-8555-555555555555"`, new: `/api/application"`, at: `/api/application"`, more: 2, want: "is no request"},
		{name: "id that is no UUID", old: `/api/key/generate/33333333-3333-4333-8333-333333333333`, new: `/api/key/generate/rsa-key`, at: `/api/key/generate/rsa-key`, more: 1, want: "must end in a UUID"},
		{name: "other tenant", old: `"tenantId": "#{defaultTenantId}"`, new: `"tenantId": "#{userId}"`, want: "request.tenantId is not the default tenant"},
		{name: "PATCH of another tenant", old: `/api/tenant/#{defaultTenantId}`, new: `/api/tenant/#{userId}`, want: "names another tenant than the default one"},
		{name: "content type", old: `"method": "PATCH"`, new: `"contentType": "application/json-patch+json", "method": "PATCH"`, want: `request has no field "contentType"`},
		{name: "no body", old: `"body": {
        "tenant": {
          "issuer": "http://idp.test",
          "logoutURL": "http://shop.test/bye"
        }
      }`, new: `"tenantId": "#{defaultTenantId}"`, at: `{
      "method": "PATCH"`, want: "request needs body"},
		{name: "request that is a string", old: `"requests": [`, new: `"requests": [ "later",`, want: "this must be an object or &{file.json}"},
		{name: "body that is a number", old: `"body": {
        "tenant": {
          "issuer": "http://idp.test",
          "logoutURL": "http://shop.test/bye"
        }
      }`, new: `"body": 7`, want: "body must be an object, not a number"},
		{name: "missing include", old: `"requests": [`, new: `"requests": [ "&{more.json}",`, want: `included file "more.json" cannot be read`},
		{name: "include above the kickstart", old: `"requests": [`, new: `"requests": [ "&{../../etc/passwd}",`, want: "it must lie beside the kickstart or below it"},
	})
}

func TestParse_refusesADocumentThatIsNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":          {"", "kickstart.json:1: not valid JSON"},
		"a list":           {"\n[]", "kickstart.json:2: kickstart must be an object, not an array"},
		"two documents":    {"{}\n{}", "kickstart.json:2: not valid JSON"},
		"nothing in it":    {"\n{}", "kickstart.json:2: kickstart needs requests"},
		"no API key":       {`{"variables": {}, "requests": [],` + "\n" + `"apiKeys": []}`, "kickstart.json:2: kickstart.apiKeys is empty"},
		"a large document": {`{"variables": "` + strings.Repeat("x", 1<<20) + `"}`, "kickstart.json:1: not valid JSON (larger than 1048576 bytes)"},
	} {
		if _, err := parse(tt.text, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Parse = %.200v, want %q", name, err, tt.want)
		}
	}
	if _, err := kickstart.Parse(fstest.MapFS{}, "none.json", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Parse of no file = %v, want fs.ErrNotExist", err)
	}
}

func TestParse_refusesBadAPIKeys(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "first key restricted", old: `"description": "unrestricted"`, new: `"permissions": { "endpoints": {} }`, want: "must have neither permissions nor tenantId"},
		{name: "key twice", old: `"key": "restricted-key"`, new: `"key": "#{apiKey}"`, at: `"key": "#{apiKey}",
      "tenantId"`, want: "this key of apiKeys is used already at kickstart.json:10"},
		{name: "short key", old: `"key": "restricted-key"`, new: `"key": "abcd"`, want: "shorter than 8 characters"},
		{name: "unknown method", old: `["POST"]`, new: `["POSTS"]`, want: "none of GET, POST, PUT, PATCH, DELETE"},
		{name: "endpoint without slash", old: `"/api/login"`, new: `"api/login"`, want: `"api/login" is not a path`},
		{name: "permissions without endpoints", old: `"permissions": { "endpoints": { "/api/login": ["POST"], "/api/status": [] } }`, new: `"permissions": { }`, want: "apiKeys.permissions needs endpoints"},
		{name: "tenant of another", old: `"tenantId": "#{FUSIONAUTH_TENANT_ID}"`, new: `"tenantId": "#{userId}"`, want: "is not the default tenant"},
	})
}

func TestParse_refusesBadKeys(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "short HMAC secret", old: `"secret": "#{ENV.SECRET}"`, new: `"secret": "#{ENV.SECRET}"`, env: map[string]string{"SECRET": "0123456789012345678901234567890"}, want: "shorter than 32 bytes, which HS256 needs"},
		{name: "HMAC secret of a longer hash", old: `"algorithm": "HS256"`, new: `"algorithm": "HS384"`, at: `"secret": "#{ENV`, want: "shorter than 48 bytes, which HS384 needs"},
		{name: "long HMAC secret", old: `"secret": "#{ENV.SECRET}"`, new: `"secret": "` + strings.Repeat("x", 257) + `"`, want: "longer than 256 characters"},
		{name: "HMAC with an RSA algorithm", old: `"algorithm": "HS256"`, new: `"algorithm": "RS256"`, want: "is none of the values that this stand-in serves: HS256, HS384, HS512"},
		{name: "unknown type", old: `"type": "HMAC"`, new: `"type": "SecretKeyValue"`, want: "is none of the values that this stand-in serves: HMAC, RSA, EC, OKP"},
		{name: "unknown algorithm", old: `"algorithm": "RS256"`, new: `"algorithm": "none"`, want: "is none of the values"},
		{name: "curve that is not served", old: `"algorithm": "RS256"`, new: `"algorithm": "ES384"`, want: "is none of the values"},
		{name: "EC length of another curve", old: `"algorithm": "RS256",
          "length": 2048`, new: `"algorithm": "ES256",
          "length": 384`, at: `"length": 384`, want: "must be 256 for ES256"},
		// a header says EdDSA; the Key API knows the key as Ed25519
		{name: "Ed25519 under the name of the header", old: `"algorithm": "RS256"`, new: `"algorithm": "EdDSA"`, want: "is none of the values"},
		{name: "RSA length", old: `"length": 2048`, new: `"length": 1024`, want: "must be 2048, 3072 or 4096"},
		{name: "id of a shadow key", old: `/api/key/import/#{keyId}`, new: `/api/key/import/` + kickstart.ShadowSHA256, at: `/api/key/import/`, more: 1, want: "has the id of a key that FusionAuth brings along"},
		{name: "id of the default signing key", old: `/api/key/import/#{keyId}`, new: `/api/key/import/#{FUSIONAUTH_DEFAULT_SIGNING_KEY_ID}`, more: 1, want: "has the id of a key that FusionAuth brings along"},
		{name: "key id twice", old: `/api/key/generate/33333333-3333-4333-8333-333333333333`, new: `/api/key/generate/#{keyId}`, at: `/api/key/generate/#{keyId}`, more: 1, want: "this key id is used already at kickstart.json:31"},
		{name: "kid for a generated key", old: `"length": 2048`, new: `"kid": "mine", "length": 2048`, want: `has no field "kid"`},
		{name: "key name twice", old: `"name": "RSA"`, new: `"name": "HMAC"`, at: `"name": "HMAC"
        }
      }
    },
    {
      "method": "POST",
      "url": "/api/application`, want: "this name of body.key is used already at kickstart.json:36"},
		{name: "issuer of another tenant", old: `"length": 2048`, new: `"issuer": "acme.com", "length": 2048`, want: "differs from the tenant's"},
		{name: "RSA import that is no PEM", old: `"secret": "#{ENV.SECRET}",
          "type": "HMAC"`, new: `"privateKey": "MIIE", "type": "RSA"`, at: `"privateKey": "MIIE"`, more: 1, want: "privateKey is not an RSA private key"},
	})
}

func TestParse_refusesBadApplications(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "dangling access key", old: `"accessTokenKeyId": "#{keyId}"`, new: `"accessTokenKeyId": "#{userId}"`, want: "accessTokenKeyId names no key that an earlier request has made"},
		{name: "dangling ID key", old: `"idTokenKeyId": "33333333-3333-4333-8333-333333333333"`, new: `"idTokenKeyId": "#{UUID()}"`, want: "idTokenKeyId names no key"},
		{name: "shadow key for access tokens", old: `"accessTokenKeyId": "#{keyId}"`, new: `"accessTokenKeyId": "` + kickstart.ShadowSHA256 + `"`, want: "signs ID tokens only"},
		// FusionAuth makes a key pair of its own then, and nobody can verify with the expected one
		{name: "enabled without access key", old: `"accessTokenKeyId": "#{keyId}",`, new: ``, at: `"jwtConfiguration"`, want: "is enabled without accessTokenKeyId"},
		{name: "no lifetime", old: `,
            "timeToLiveInSeconds": 600`, new: ``, at: `"jwtConfiguration"`, want: "needs timeToLiveInSeconds"},
		{name: "key id that is no UUID", old: `"accessTokenKeyId": "#{keyId}"`, new: `"accessTokenKeyId": "hmac"`, want: "is not a UUID"},
		{name: "id in braces", old: `"accessTokenKeyId": "#{keyId}"`, new: `"accessTokenKeyId": "{22222222-2222-4222-8222-222222222222}"`, want: "is not a UUID"},
		{name: "relative redirect URL", old: `"http://shop.test/callback"`, new: `"/callback"`, at: `"authorizedRedirectURLs"`, want: "not an absolute http or https URL"},
		{name: "script as redirect URL", old: `"http://shop.test/callback"`, new: `"javascript:alert(1)"`, at: `"authorizedRedirectURLs"`, want: "not an absolute http or https URL"},
		{name: "redirect URL with a fragment", old: `"http://shop.test/callback"`, new: `"http://shop.test/callback#"`, at: `"authorizedRedirectURLs"`, want: "without user and fragment"},
		{name: "logout URL", old: `"http://shop.test/logout"`, new: `"shop.test/logout"`, want: "logoutURL is not an absolute http or https URL"},
		{name: "wildcard redirects", old: `"ExactMatch"`, new: `"AllowWildcards"`, want: "authorizedURLValidationPolicy is none of the values that this stand-in serves: ExactMatch"},
		{name: "policy in another case", old: `"proofKeyForCodeExchangePolicy": "Required"`, new: `"proofKeyForCodeExchangePolicy": "required"`, want: "is none of the values"},
		{name: "grant that is not served", old: `"authorization_code"`, new: `"implicit"`, at: `"enabledGrants"`, want: "holds a grant that this stand-in does not serve"},
		{name: "role name twice", old: `"name": "customer"`, new: `"name": "admin"`, at: `"name": "admin",
              "description"`, want: "this role name of the application is used already"},
		{name: "role id twice", old: `"66666666-6666-4666-8666-666666666666"`, new: `"#{roleId}"`, at: `"id": "#{roleId}",
              "name": "customer"`, want: "this id of application.roles is used already"},
		{name: "role without id", old: `"id": "66666666-6666-4666-8666-666666666666",`, new: ``, at: `{
              
              "name": "customer"`, want: "application.roles needs id"},
		{name: "application id twice", old: `/api/application/55555555-5555-4555-8555-555555555555`, new: `/api/application/` + kickstart.AdminApplicationID, at: `"url": "/api/application/`, more: 2, want: "exists already"},
	})
}

func TestParse_refusesBadUsers(t *testing.T) {
	t.Parallel()
	checkAll(t, []faulty{
		{name: "unknown role", old: `"admin"
          ]`, new: `"boss"
          ]`, at: `"roles": [
            "boss"`, want: "holds a role that the application does not have; known: admin, customer"},
		{name: "unknown application", old: `"applicationId": "#{FUSIONAUTH_APPLICATION_ID}"`, new: `"applicationId": "#{userId}"`, want: "names no application that an earlier request has made"},
		{name: "unknown role of the admin application", old: `"user_manager"`, new: `"god"`, want: "holds a role that the application does not have"},
		{name: "short password", old: `"12345678"`, new: `"1234567"`, want: "must have 8 to 256 characters"},
		{name: "no password", old: `,
          "password": "12345678"`, new: ``, at: `"user": {
          "email": "customer`, want: "body.user needs password"},
		{name: "no e-mail address", old: `"email": "customer@shop.test"`, new: `"email": "customer"`, want: "is not an e-mail address"},
		{name: "e-mail with a name", old: `"email": "customer@shop.test"`, new: `"email": "C <customer@shop.test>"`, want: "is not an e-mail address"},
		{name: "e-mail twice, in another case", old: `"email": "customer@shop.test"`, new: `"email": "ADMIN@shop.test"`, want: "this email of body.user is used already"},
		// the vendor's quick start puts roles at the top of the body, where they have no effect
		{name: "roles beside the registration", old: `"skipVerification": true,`, new: `"roles": ["admin"], "skipVerification": true,`, want: `body has no field "roles"`},
		{name: "registered twice", old: `"applicationId": "#{FUSIONAUTH_APPLICATION_ID}",
          "roles": [ "user_manager" ]`, new: `"applicationId": "55555555-5555-4555-8555-555555555555"`, at: `"url": "/api/user/registration/#{userId}",
      "body": {
        "registration"`, want: "this registration of the user with the application is used already"},
		{name: "registration of nobody", old: `"url": "/api/user/registration/#{userId}",
      "body": {
        "registration"`, new: `"url": "/api/user/registration/#{roleId}",
      "body": {
        "registration"`, want: "no earlier request has created this user"},
		{name: "user created twice", old: `/api/user/registration/77777777-7777-4777-8777-777777777777`, new: `/api/user/registration/#{userId}`, at: `"user": {
          "email": "customer`, more: 1, want: "exists already"},
		{name: "no registration", old: `"registration": {
          "applicationId": "#{FUSIONAUTH_APPLICATION_ID}",
          "roles": [ "user_manager" ]
        }`, new: `"skipVerification": true`, at: `"body": {
        "skipVerification": true
      }`, want: "body needs registration"},
	})
}
