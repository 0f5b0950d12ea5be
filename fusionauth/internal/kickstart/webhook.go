package kickstart

import (
	"slices"
	"strings"
	"time"
)

// The events that the stand-in sends, under FusionAuth's names.
const (
	EventRefreshTokenRevoke = "jwt.refresh-token.revoke" //nolint:gosec // the name of an event
	EventUserDeactivate     = "user.deactivate"
	EventUserDelete         = "user.delete"
	EventRegistrationUpdate = "user.registration.update"
	EventRegistrationDelete = "user.registration.delete"
)

var eventTypes = []string{
	EventRefreshTokenRevoke, EventUserDeactivate, EventUserDelete, EventRegistrationUpdate, EventRegistrationDelete,
}

// Webhook is somebody who wants to be told of events.
type Webhook struct {
	ID, URL        string
	Events         []string // the types that it wants, sorted; the tenant has a switch of its own for each ([Tenant.Events])
	SigningKeyID   string   // "" for no signature
	ConnectTimeout time.Duration
	ReadTimeout    time.Duration
}

// createWebhook takes a receiver of events. One that is switched off is read and not kept.
func (in *instance) createWebhook(c call) {
	c.body.need("webhook")
	o := c.body.child("webhook")
	defer o.close()
	o.need("url", "eventsEnabled", "connectTimeout", "readTimeout")
	o.text("description")
	enabled := o.boolean("enabled", true)
	in.claim(c.at.node.src, c.at.at("url"), "this webhook id", c.id)
	hook := Webhook{
		ID: c.id, URL: o.web("url"), Events: in.switches(o.child("eventsEnabled"), in.plainSwitch),
		ConnectTimeout: time.Duration(o.positive("connectTimeout", 0)) * time.Millisecond,
		ReadTimeout:    time.Duration(o.positive("readTimeout", 0)) * time.Millisecond,
		SigningKeyID:   in.signature(o.child("signatureConfiguration")),
	}
	in.receives(o)
	if enabled {
		in.webhooks = append(in.webhooks, hook)
	}
}

// receives checks that the webhook is one for the default tenant: FusionAuth takes one for no tenant, which then never hears a word.
func (in *instance) receives(o *object) {
	global, tenants := o.boolean("global", false), o.texts("tenantIds")
	switch {
	case global && len(tenants) > 0:
		o.bad("tenantIds", "stands beside global, which means every tenant; leave one of them out")
	case !global && len(o.items("tenantIds")) == 0 && !o.void:
		o.fault(o.node.src, o.node.line, "%s is neither global nor of a tenant, and would get no event; set global or tenantIds", o.path)
	}
	for _, id := range tenants {
		if canon, _ := canonical(id); canon != in.tenant.ID {
			o.bad("tenantIds", "holds another tenant than the default one, the only one here; use #{FUSIONAUTH_TENANT_ID}")
		}
	}
}

// signature gives the id of the key that signs what is sent, "" where nothing does. The key that stands for a client secret cannot:
// a webhook belongs to no client.
func (in *instance) signature(o *object) string {
	defer o.close()
	enabled := o.boolean("enabled", false)
	id := in.keyReference(o, "signingKeyId")
	switch {
	case isShadow(id):
		o.bad("signingKeyId", "is the shadow key of a client secret, and a webhook has no client; name a key of your own")
	case enabled && !o.has("signingKeyId"):
		o.fault(o.node.src, o.node.line, "%s is enabled without signingKeyId; name the key that signs", o.path)
	case enabled:
		return id
	}
	return ""
}

// switches reads an object whose member names are event types, and gives those that are on, sorted.
func (in *instance) switches(o *object, on func(o *object, name string) bool) []string {
	var types []string
	for _, m := range o.node.members {
		o.touch(m.name)
		if !slices.Contains(eventTypes, m.name) {
			o.fault(m.value.src, m.line, "%s: %q is no event that this stand-in sends; known: %s", o.path, m.name, strings.Join(eventTypes, ", "))
			continue
		}
		if on(o, m.name) {
			types = append(types, m.name)
		}
	}
	slices.Sort(types)
	return types
}

// plainSwitch is the form in a webhook: the name of the event and true or false.
func (in *instance) plainSwitch(o *object, name string) bool { return o.boolean(name, false) }

// tenantSwitch is the form in a tenant. An event that a receiver may veto holds up what caused it, and nothing here waits.
func (in *instance) tenantSwitch(o *object, name string) bool {
	event := o.child(name)
	defer event.close()
	event.enum("transactionType", "None", "None")
	return event.boolean("enabled", false)
}
