package stack

import (
	"strings"

	"storefront/e2e/internal/browser"
)

// demoUsers are the users of the kickstart who can sign in, with what they may do.
var demoUsers = []struct{ name, email, role, may string }{
	{"admin", "admin@example.com", "admin", "sees every branch"},
	{"manager", "manager@example.com", "branch-manager", "sees branch 1"},
	{"customer", "customer@example.com", "customer", "sees no branch"},
}

// People are the demo users by name, with the passwords of secrets.
func People(secrets Secrets) map[string]browser.Person {
	people := map[string]browser.Person{}
	for _, u := range demoUsers {
		people[u.name] = browser.Person{Email: u.email, Password: secrets[passwordName(u.name)]}
	}
	return people
}

func passwordName(user string) string { return strings.ToUpper(user) + "_PASSWORD" }

// App is the application of the kickstart, on the ports that follow from base.
func App(base int, secrets Secrets) browser.App {
	a := newAddresses(base)
	return browser.App{
		Identity: a.url(Identity), ClientID: ClientID, Secret: secrets["FUSIONAUTH_CLIENT_SECRET"],
		RedirectURL: a.url(Gateway) + "/oauth-redirect",
	}
}
