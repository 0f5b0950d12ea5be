package kickstart

import (
	"slices"
	"strings"

	"storefront/shared/config"
)

// User is one who can log in.
type User struct {
	ID, Email                     string
	FirstName, LastName, FullName string
	Password                      config.Secret
	Verified                      bool
	Registrations                 []Registration
}

// Registration makes a user one of an application, with roles.
type Registration struct {
	ApplicationID string
	Roles         []string
}

// Lengths that a new tenant wants of a password.
const minPassword, maxPassword = 8, 256

// register creates a user with a registration, or adds a registration to a user that an earlier request has created.
func (in *instance) register(c call) {
	c.body.need("registration")
	skip := c.body.boolean("skipVerification", false)
	c.body.boolean("skipRegistrationVerification", false)
	c.body.boolean("sendSetPasswordEmail", false)
	user := in.user(c.id)
	switch created := c.body.has("user"); {
	case created && user != nil:
		c.body.bad("user", "exists already; a further registration of the same user leaves user out")
	case !created && user == nil:
		in.fault(c.at.node.src, c.at.at("url"), "no earlier request has created this user; add user to the body")
	}
	if n := c.body.member("user", isObject); n != nil {
		user = in.newUser(c.id, in.object(n, "body.user"))
		user.Verified = skip
		in.users = append(in.users, user)
	}
	registration := in.registration(c.body.child("registration"))
	if user == nil || registration.ApplicationID == "" {
		return
	}
	in.claim(c.at.node.src, c.at.at("url"), "this registration of the user with the application", c.id+registration.ApplicationID)
	user.Registrations = append(user.Registrations, registration)
}

func (in *instance) newUser(id string, o *object) *User {
	defer o.close()
	o.need("email", "password")
	user := &User{
		ID: id, Email: o.email("email"), Password: config.Secret(o.text("password")),
		FirstName: o.text("firstName"), LastName: o.text("lastName"), FullName: o.text("fullName"),
	}
	o.touch("data") // free for the owner; nothing here reads it
	if user.FullName == "" {
		user.FullName = strings.TrimSpace(user.FirstName + " " + user.LastName)
	}
	if n := len(user.Password); n > 0 && (n < minPassword || n > maxPassword) {
		o.bad("password", "must have %d to %d characters", minPassword, maxPassword)
	}
	in.unique(o, "email", user.Email)
	return user
}

func (in *instance) registration(o *object) Registration {
	defer o.close()
	o.need("applicationId")
	o.touch("data")
	id := o.id("applicationId")
	roles := o.texts("roles")
	if id == "" {
		return Registration{}
	}
	app := in.application(id)
	if app == nil {
		o.bad("applicationId", "names no application that an earlier request has made; create it first")
		return Registration{}
	}
	for _, name := range roles {
		if !slices.ContainsFunc(app.Roles, func(r Role) bool { return r.Name == name }) {
			o.bad("roles", "holds a role that the application does not have; known: %s", roleNames(app.Roles))
		}
	}
	if roles == nil {
		roles = defaultRoles(app.Roles)
	}
	return Registration{ApplicationID: id, Roles: roles}
}

func roleNames(roles []Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Name
	}
	return strings.Join(names, ", ")
}

func defaultRoles(roles []Role) []string {
	var names []string
	for _, r := range roles {
		if r.Default {
			names = append(names, r.Name)
		}
	}
	return names
}
