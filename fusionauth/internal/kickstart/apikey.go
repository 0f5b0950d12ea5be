package kickstart

import (
	"slices"

	"storefront/shared/config"
)

// APIKey opens the /api endpoints.
type APIKey struct {
	Key config.Secret
	// Endpoints are the paths that the key opens, with their methods; a path without methods is open to all. A key without
	// endpoints opens everything.
	Endpoints map[string][]string
}

// minAPIKey is the length from which FusionAuth's own pages can edit a key (fusionauth-issues #1397), and a guard against "test".
const minAPIKey = 8

// apiKey reads one element of apiKeys; FusionAuth runs the requests with the first, which therefore may have no limits.
func (in *instance) apiKey(o *object, index int) {
	o.need("key")
	key := APIKey{Key: config.Secret(o.text("key"))}
	o.text("description")
	if n := o.member("permissions", isObject); n != nil {
		key.Endpoints = in.endpoints(in.object(n, "apiKeys.permissions"))
	}
	tenant := o.id("tenantId")
	o.close()
	switch {
	case key.Key == "":
		return
	case len(key.Key) < minAPIKey:
		o.bad("key", "is shorter than %d characters; make a longer one", minAPIKey)
	case index == 0 && (key.Endpoints != nil || tenant != ""):
		in.fault(o.node.src, o.node.line, "the first API key runs the requests: it must have neither permissions nor tenantId")
	case tenant != "" && tenant != in.tenant.ID:
		o.bad("tenantId", "is not the default tenant, the only one here; use #{FUSIONAUTH_TENANT_ID}")
	}
	in.unique(o, "key", string(key.Key))
	in.apiKeys = append(in.apiKeys, key)
}

// endpoints reads permissions.endpoints; its member names are paths.
func (in *instance) endpoints(permissions *object) map[string][]string {
	permissions.need("endpoints")
	o := permissions.child("endpoints")
	permissions.close()
	endpoints := map[string][]string{}
	for _, m := range o.node.members {
		methods := o.texts(m.name)
		for _, method := range methods {
			if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method) {
				o.fault(o.node.src, m.line, "%s of %q holds a method that is none of GET, POST, PUT, PATCH, DELETE", o.path, m.name)
			}
		}
		if len(m.name) == 0 || m.name[0] != '/' {
			o.fault(o.node.src, m.line, "%s: %q is not a path; write it from the slash, such as /api/login", o.path, m.name)
		}
		endpoints[m.name] = methods
	}
	return endpoints
}
