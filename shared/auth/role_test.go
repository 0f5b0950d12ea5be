package auth_test

import (
	"net/http"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// T11, T17: exactly the names of the closed set, exactly on the routes that ask for them.
func TestRequireRole(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	want := map[auth.Role]int{auth.Admin: 200, auth.BranchManager: 200, auth.Customer: 403, auth.Anonymous: 403}
	for _, role := range auth.Roles() {
		a := s.ask(t, "GET", "/branches/1/products", s.UserToken(t, authtest.Claims{"roles": []auth.Role{role}}), nil)
		if status, listed := want[role]; a.status != status || !listed {
			t.Errorf("role %s: status %d, want %d", role, a.status, status)
		}
	}
	for _, name := range append(misspelled("admin"), misspelled("branch-manager")...) {
		a := s.ask(t, "GET", "/branches/1/products", s.UserToken(t, authtest.Claims{"roles": []string{name}}), nil)
		if a.status != 403 || strings.Contains(a.body, secretData) {
			t.Errorf("role %q: status %d, want 403", name, a.status)
		}
	}
	for name, claims := range map[string]authtest.Claims{
		"no roles claim":      {"roles": authtest.Absent},
		"empty list":          {},
		"role":                {"role": "admin"},
		"Roles":               {"Roles": []string{"admin"}},
		"ROLES":               {"ROLES": []string{"admin"}},
		"role and a long s":   {"role\u017f": []string{"admin"}},
		"scope":               {"scope": "admin"},
		"groups":              {"groups": []string{"admin"}},
		"permissions":         {"permissions": []string{"admin"}},
		"admin: true":         {"admin": true},
		"is_admin":            {"is_admin": true},
		"realm_access":        {"realm_access": map[string]any{"roles": []string{"admin"}}},
		"sub is admin":        {"sub": "admin"},
		"all in one name":     {"roles": []string{"customer,admin"}},
		"a list as one name":  {"roles": []string{`["admin"]`}},
		"customer and others": {"roles": []string{"customer", "superadmin", "administrator"}},
	} {
		a := s.ask(t, "GET", "/branches/1/products", s.UserToken(t, claims), nil)
		if a.status != 403 {
			t.Errorf("%s: status %d, want 403", name, a.status)
		}
	}
}

// misspelled are names that a careless comparison takes for the role.
func misspelled(role string) []string {
	wide := strings.Map(func(r rune) rune { return r + 0xfee0 }, role)
	return []string{
		strings.ToUpper(role), strings.ToUpper(role[:1]) + role[1:], role + " ", " " + role, role + "\n", "\t" + role, role + "\x00", "\x00" + role,
		"super" + role, role + "istrator", role + "s", "ROLE_" + role, "role:" + role, role + ",", role + ";", role + "," + role, role[1:], role[:len(role)-1],
		role + "*", "*", "%", ".*", "", " ", "null", "true", "1", "\"" + role + "\"", "'" + role + "'", "[" + role + "]", "/" + role, "." + role,
		strings.Replace(role, "a", "а", 1), strings.Replace(role, "a", "á", 1), strings.Replace(role, "a", "a\u0301", 1), "\u200b" + role, role + "\ufeff",
		wide, strings.Replace(role, "a", "&#97;", 1), strings.Replace(role, "a", "%61", 1), strings.Replace(role, "a", `\u0061`, 1), role + "'--",
	}
}

func TestRequireRole_forbidden(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "http://localhost:3000"} {
		s := newShop(t, "http://localhost:3000/login", location)
		a := s.ask(t, "GET", "/branches/1/products", s.UserToken(t), func(r *http.Request) { r.Header.Set("Accept", "text/html") })
		if a.status != 403 || a.header.Get("WWW-Authenticate") != `Bearer error="insufficient_scope"` || !strings.Contains(a.body, `"message":"FORBIDDEN"`) {
			t.Errorf("status %d, header %v, body %s, want the 403 of RFC 6750", a.status, a.header, a.body)
		}
		if got := a.header.Get("Location"); got != location {
			t.Errorf("Location %q, want %q", got, location)
		}
		if got := s.lastErr.Load().(string); !strings.Contains(got, "lacks_role") || !strings.Contains(got, authtest.Subject) {
			t.Errorf("the log has %q, want the reason and the subject", got)
		}
	}
}

// A route that asks for a role and forgot to ask for a token must not treat anybody as somebody.
func TestRequireRole_withoutAuthenticate(t *testing.T) {
	t.Parallel()
	s := newShop(t, "", "")
	a := s.ask(t, "GET", "/forgotten", s.UserToken(t, authtest.Claims{"roles": []string{"admin"}}), nil)
	if a.status != 500 || strings.Contains(a.body, secretData) || strings.Contains(a.body, "role") {
		t.Errorf("status %d, body %s, want a 500 that says nothing", a.status, a.body)
	}
}
