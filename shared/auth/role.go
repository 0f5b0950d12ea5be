package auth

// Role is what a user may be in the shop. The set is closed: a name in a token that is not in [Roles] is ignored.
type Role string

// The roles of the application "Gateway" in fusionauth/kickstart/kickstart.json.
const (
	Admin         Role = "admin"          // sees and changes everything
	BranchManager Role = "branch-manager" // works on the branches that inventory assigns
	Customer      Role = "customer"       // signed in, no rights of its own
	Anonymous     Role = "anonymous"      // the service user for public routes
)

// Roles returns the closed set, so that a test can range over it.
func Roles() []Role { return []Role{Admin, BranchManager, Customer, Anonymous} }

// parseRole compares byte for byte: "Admin" and "superadmin" are not roles.
func parseRole(name string) (Role, bool) {
	switch r := Role(name); r {
	case Admin, BranchManager, Customer, Anonymous:
		return r, true
	default:
		return "", false
	}
}
