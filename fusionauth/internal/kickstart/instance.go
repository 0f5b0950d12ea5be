package kickstart

import (
	"fmt"
	"slices"
	"time"
)

// instance is the FusionAuth that the requests change one after the other. A request may refer only to what stands in it by
// then, as in the real one.
type instance struct {
	*reader
	tenant       Tenant
	keys         []Key
	applications []*application
	users        []*User
	apiKeys      []APIKey
	webhooks     []Webhook
	used         map[string]string // what must be unique, and the place that has it
}

// application is one while the tenant that it may take its JWT settings from can still change.
type application struct {
	Application
	inherits bool
}

// Defaults of a new tenant.
const (
	defaultIssuer     = "acme.com"
	defaultAccessTTL  = time.Hour
	defaultRefreshTTL = 43200 * time.Minute
)

// newInstance is FusionAuth before the first request: one tenant, its default signing key, the admin application.
func newInstance(r *reader) *instance {
	in := &instance{reader: r, used: map[string]string{}}
	signing := r.vars.values["FUSIONAUTH_DEFAULT_SIGNING_KEY_ID"]
	in.keys = []Key{{ID: signing, Name: "Default signing key", Algorithm: "HS256"}}
	in.tenant = Tenant{
		ID: r.vars.values["FUSIONAUTH_TENANT_ID"], Name: "Default", Issuer: defaultIssuer,
		JWT: JWT{
			AccessTokenKeyID: signing, IDTokenKeyID: ShadowSHA256,
			AccessTokenTTL: defaultAccessTTL, RefreshTokenTTL: defaultRefreshTTL,
		},
	}
	in.applications = []*application{{Application: adminApplication(), inherits: true}}
	return in
}

// finish gives the setup, now that every request has run.
func (in *instance) finish() Setup {
	setup := Setup{Tenant: in.tenant, Keys: in.keys, APIKeys: in.apiKeys, Webhooks: in.webhooks}
	for _, app := range in.applications {
		if app.inherits {
			app.JWT = in.tenant.JWT
		}
		setup.Applications = append(setup.Applications, app.Application)
	}
	for _, user := range in.users {
		setup.Users = append(setup.Users, *user)
	}
	return setup
}

// claim reports a value that must be unique and is not.
func (in *instance) claim(src *source, line int, what, value string) {
	if value == "" {
		return
	}
	key := what + "\x00" + value
	if first, taken := in.used[key]; taken {
		in.fault(src, line, "%s is used already at %s; each needs its own", what, first)
		return
	}
	in.used[key] = fmt.Sprintf("%s:%d", src.name, line)
}

// unique is claim for the member called name of o.
func (in *instance) unique(o *object, name, value string) {
	in.claim(o.node.src, o.at(name), fmt.Sprintf("this %s of %s", name, o.path), value)
}

func (in *instance) application(id string) *application {
	i := slices.IndexFunc(in.applications, func(a *application) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return in.applications[i]
}

func (in *instance) user(id string) *User {
	i := slices.IndexFunc(in.users, func(u *User) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return in.users[i]
}

// signs reports whether id names a key, the shadow keys included.
func (in *instance) signs(id string) bool {
	return isShadow(id) || slices.ContainsFunc(in.keys, func(k Key) bool { return k.ID == id })
}

func isShadow(id string) bool { return id == ShadowSHA256 || id == ShadowSHA384 || id == ShadowSHA512 }
