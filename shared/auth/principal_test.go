package auth_test

import (
	"testing"

	"storefront/shared/auth"
)

func TestPrincipal_Has(t *testing.T) {
	t.Parallel()
	manager := auth.Principal{Roles: []auth.Role{auth.Customer, auth.BranchManager}}
	tests := []struct {
		name string
		p    auth.Principal
		ask  []auth.Role
		want bool
	}{
		{"the one", manager, []auth.Role{auth.BranchManager}, true},
		{"one of several", manager, []auth.Role{auth.Admin, auth.BranchManager}, true},
		{"none of several", manager, []auth.Role{auth.Admin, auth.Anonymous}, false},
		{"asked for nothing", manager, nil, false},
		{"nobody", auth.Principal{}, auth.Roles(), false},
		{"nobody, asked for a role without a name", auth.Principal{}, []auth.Role{""}, false},
	}
	for _, tt := range tests {
		if got := tt.p.Has(tt.ask...); got != tt.want {
			t.Errorf("%s: Has(%v) = %t, want %t", tt.name, tt.ask, got, tt.want)
		}
	}
}

// The set is closed, and a caller that writes into the answer does not open it.
func TestRoles(t *testing.T) {
	t.Parallel()
	auth.Roles()[0] = "root"
	seen := map[auth.Role]bool{}
	for _, r := range auth.Roles() {
		seen[r] = true
	}
	if len(seen) != 4 || seen["root"] || !seen[auth.Admin] || !seen[auth.BranchManager] || !seen[auth.Customer] || !seen[auth.Anonymous] {
		t.Errorf("Roles() = %v", auth.Roles())
	}
}
