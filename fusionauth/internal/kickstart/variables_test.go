package kickstart_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"storefront/fusionauth/internal/kickstart"
)

// TestParse_substitutes puts texts where any text may stand, the name of an application, and reads what becomes of them.
func TestParse_substitutes(t *testing.T) {
	t.Parallel()
	env := environment()
	env["TEXT"] = `"quoted" \ and #{apiKey}`
	for _, tt := range []struct{ name, text, want string }{
		{"plain", `Shop`, `Shop`},
		{"variable", `#{keyId}`, hmacID},
		{"inside a text", `<#{keyId}>`, `<` + hmacID + `>`},
		{"several", `#{keyId}#{defaultTenantId}`, hmacID + tenantID},
		{"environment", `#{ENV.SECRET}`, env["SECRET"]},
		{"value that looks like JSON and like a variable", `#{ENV.TEXT}`, env["TEXT"]},
		{"predefined application", `#{FUSIONAUTH_APPLICATION_ID}`, kickstart.AdminApplicationID},
		{"predefined tenant follows defaultTenantId", `#{FUSIONAUTH_TENANT_ID}`, tenantID},
		{"escaped", `\\#{keyId}`, `#{keyId}`},
		{"escaped unknown", `\\#{nobody}`, `#{nobody}`},
		{"escaped, then not", `\\#{keyId} #{keyId}`, `#{keyId} ` + hmacID},
		{"no variable", `# {keyId} {keyId} $`, `# {keyId} {keyId} $`},
		{"JSON escapes", `\u0053hop \"x\"`, `Shop "x"`},
		{"not an include", `@{file} and &{file}`, `@{file} and &{file}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good(t), `"name": "Shop"`, `"name": "`+tt.text+`"`, 1)
			setup, err := parse(text, env)
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if got := setup.Applications[1].Name; got != tt.want {
				t.Errorf("%s = %s, want %s", tt.text, got, tt.want)
			}
		})
	}
}

// TestParse_UUID: in a variable it is one id for all its uses, elsewhere another each time.
func TestParse_UUID(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(
		`"name": "Shop"`, `"name": "#{roleId} #{roleId} #{UUID()} #{UUID()}"`,
	).Replace(good(t))
	setup, err := parse(text, environment())
	if err != nil {
		t.Fatal(err)
	}
	ids := strings.Fields(setup.Applications[1].Name)
	for _, id := range ids {
		if _, err := uuid.Parse(id); err != nil {
			t.Errorf("%q is no UUID", id)
		}
	}
	if len(ids) != 4 || ids[0] != ids[1] || ids[2] == ids[3] || ids[0] == ids[2] {
		t.Errorf("ids = %q, want the variable's twice and two others", ids)
	}
}

// TestParse_nullIsAbsent: a null member stands for the default, as FusionAuth reads it.
func TestParse_nullIsAbsent(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(
		`"requireRegistration": true`, `"requireRegistration": null`,
		`"logoutURL": "http://shop.test/logout"`, `"logoutURL": null`,
		`"unknownScopePolicy": "Remove"`, `"unknownScopePolicy": null`,
	).Replace(good(t))
	setup, err := parse(text, environment())
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if oauth := setup.Applications[1].OAuth; oauth.RequireRegister || oauth.LogoutURL != "" || oauth.UnknownScopes != kickstart.Reject {
		t.Errorf("oauth = %+v, want the defaults", oauth)
	}
}

// TestParse_without defaultTenantId the default tenant has an id of its own, which requests name by the predefined variable.
func TestParse_withoutDefaultTenantID(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good(t), `"defaultTenantId": "`+tenantID+`",`, ``, 1)
	text = strings.ReplaceAll(text, "#{defaultTenantId}", "#{FUSIONAUTH_TENANT_ID}")
	setup, err := parse(text, environment())
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if _, err := uuid.Parse(setup.Tenant.ID); err != nil || setup.Tenant.ID == tenantID {
		t.Errorf("tenant id = %q, want a random UUID", setup.Tenant.ID)
	}
}

// TestParse_upperCaseIDs: FusionAuth takes both cases of a UUID; here they are one id.
func TestParse_upperCaseIDs(t *testing.T) {
	t.Parallel()
	lower, upper := "abcdefab-cdef-4abc-8def-abcdefabcdef", "ABCDEFAB-CDEF-4ABC-8DEF-ABCDEFABCDEF"
	text := strings.Replace(good(t), "/api/key/generate/"+rsaID, "/api/key/generate/"+upper, 1)
	text = strings.Replace(text, `"idTokenKeyId": "`+rsaID+`"`, `"idTokenKeyId": "`+lower+`"`, 1)
	setup, err := parse(text, environment())
	if err != nil || setup.Applications[1].JWT.IDTokenKeyID != lower {
		t.Errorf("ID token key = %q, %v; want %s", setup.Applications[1].JWT.IDTokenKeyID, err, lower)
	}
}

func TestFaults_areInOrderAndOncePerPlace(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(
		`"kid": "one"`, `"kid": "#{nobody} #{nobody}"`,
		`"length": 2048`, `"length": 7`,
		`"settings"`, `"setings": {}, "settings"`,
	).Replace(good(t))
	_, err := parse(text, environment())
	want := []string{`kickstart has no field "setings"`, "unknown variable #{nobody}", "length must be 2048, 3072 or 4096"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("Parse = %d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("fault %d = %s, want %s", i, line, want[i])
		}
	}
}
