package kickstart

import (
	"slices"
	"time"
)

// patchTenant changes the default tenant. A PATCH leaves alone what it does not name.
func (in *instance) patchTenant(c call) {
	if c.id != in.tenant.ID {
		c.at.bad("url", "names another tenant than the default one, the only one here; use #{FUSIONAUTH_TENANT_ID}")
	}
	c.body.need("tenant")
	o := c.body.child("tenant")
	defer o.close()
	if issuer := o.text("issuer"); issuer != "" {
		in.tenant.Issuer = issuer
	}
	if name := o.text("name"); name != "" {
		in.tenant.Name = name
	}
	if logout := o.web("logoutURL"); logout != "" {
		in.tenant.LogoutURL = logout
	}
	if o.has("jwtConfiguration") {
		in.tenant.JWT = in.jwt(o.child("jwtConfiguration"), in.tenant.JWT)
	}
	if o.has("eventConfiguration") {
		in.patchEvents(o.child("eventConfiguration"))
	}
}

// patchEvents changes the switches that are named.
func (in *instance) patchEvents(o *object) {
	defer o.close()
	events := o.child("events")
	on := in.switches(events, in.tenantSwitch)
	for _, name := range in.tenant.Events {
		if !events.has(name) {
			on = append(on, name)
		}
	}
	slices.Sort(on)
	in.tenant.Events = on
}

// jwt reads a jwtConfiguration; what it does not name stays as in base.
func (in *instance) jwt(o *object, base JWT) JWT {
	j := base
	if id := in.keyReference(o, "accessTokenKeyId"); id != "" {
		j.AccessTokenKeyID = id
		if isShadow(id) {
			o.bad("accessTokenKeyId", "is the shadow key of the client secret, which signs ID tokens only; name a key of your own")
		}
	}
	if id := in.keyReference(o, "idTokenKeyId"); id != "" {
		j.IDTokenKeyID = id
	}
	j.AccessTokenTTL = time.Duration(o.positive("timeToLiveInSeconds", int(base.AccessTokenTTL/time.Second))) * time.Second
	j.RefreshTokenTTL = time.Duration(o.positive("refreshTokenTimeToLiveInMinutes", int(base.RefreshTokenTTL/time.Minute))) * time.Minute
	j.OneTimeUse = o.enum("refreshTokenUsagePolicy", choose(base.OneTimeUse, "OneTimeUse", "Reusable"), "Reusable", "OneTimeUse") == "OneTimeUse"
	j.Sliding = o.enum("refreshTokenExpirationPolicy", choose(base.Sliding, "SlidingWindow", "Fixed"), "Fixed", "SlidingWindow") == "SlidingWindow"
	if o.has("refreshTokenOneTimeUseConfiguration") {
		once := o.child("refreshTokenOneTimeUseConfiguration")
		j.Grace = time.Duration(once.upTo("gracePeriodInSeconds", int(base.Grace/time.Second), maxGrace)) * time.Second
		once.close()
	}
	o.close()
	return j
}

// maxGrace is the longest grace period in seconds; FusionAuth wants less than a day.
const maxGrace = 86_399

// keyReference reads the id of a key that an earlier request made.
func (in *instance) keyReference(o *object, name string) string {
	id := o.id(name)
	if id != "" && !in.signs(id) {
		o.bad(name, "names no key that an earlier request has made; import or generate it first")
		return ""
	}
	return id
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
