package kickstart_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/fusionauth/internal/kickstart"
)

func TestParse_refusesBadWebhooks(t *testing.T) {
	t.Parallel()
	events := `"eventsEnabled": { "user.delete": true, "jwt.refresh-token.revoke": true, "user.deactivate": false },`
	signed := `"signatureConfiguration": { "enabled": true, "signingKeyId": "` + hookKeyID + `" }`
	checkAll(t, []faulty{
		{name: "unknown event", old: events, new: `"eventsEnabled": { "user.remove": true },`, want: `webhook.eventsEnabled: "user.remove" is no event that this stand-in sends; known: jwt.refresh-token.revoke`},
		{name: "event in another case", old: events, new: `"eventsEnabled": { "User.delete": true },`, want: "is no event that this stand-in sends"},
		{name: "event that is no switch", old: events, new: `"eventsEnabled": { "user.delete": "true" },`, want: "webhook.eventsEnabled.user.delete must be true or false, not a string"},
		{name: "no events", old: events, new: ``, at: `"webhook": {
          "connectTimeout": 500`, want: "webhook needs eventsEnabled"},
		{name: "key that is not there", old: signed, new: `"signatureConfiguration": { "enabled": true, "signingKeyId": "#{userId}" }`, want: "signingKeyId names no key that an earlier request has made"},
		{name: "key of a client secret", old: signed, new: `"signatureConfiguration": { "enabled": true, "signingKeyId": "` + kickstart.ShadowSHA256 + `" }`, want: "a webhook has no client"},
		// FusionAuth would refuse it in the middle of a first start
		{name: "signed with nothing", old: signed, new: `"signatureConfiguration": { "enabled": true }`, want: "is enabled without signingKeyId"},
		{name: "misspelt signature switch", old: signed, new: `"signatureConfiguration": { "enable": true, "signingKeyId": "` + hookKeyID + `" }`, want: `has no field "enable"`},
		{name: "for nobody", old: `"global": true,`, new: `"global": false,`, at: `"webhook": {
          "connectTimeout": 500`, want: "is neither global nor of a tenant, and would get no event"},
		{name: "global and of a tenant", old: `"global": true,`, new: `"global": true, "tenantIds": ["#{defaultTenantId}"],`, want: "stands beside global"},
		{name: "of another tenant", old: `"tenantIds": [ "#{defaultTenantId}" ]`, new: `"tenantIds": [ "#{userId}" ]`, want: "holds another tenant"},
		{name: "relative URL", old: `"http://shop.test/hook?a=b"`, new: `"/hook"`, want: "webhook.url is not an absolute http or https URL"},
		{name: "password in the URL", old: `"http://shop.test/hook?a=b"`, new: `"http://me:pass@shop.test/hook"`, want: "without user and fragment"},
		{name: "no time to connect", old: `"connectTimeout": 500,`, new: `"connectTimeout": 0,`, want: "connectTimeout must be a positive whole number"},
		{name: "time as a string", old: `"readTimeout": 1500`, new: `"readTimeout": "2s"`, want: "readTimeout must be a number, not a string"},
		{name: "unknown field", old: `"description": "of the shop"`, new: `"headers": {}`, want: `body.webhook has no field "headers"`},
		{name: "id that is no UUID", old: `/api/webhook/88888888-8888-4888-8888-888888888888`, new: `/api/webhook/main`, want: "must end in a UUID"},
	})
}

func TestParse_refusesBadEventConfigurations(t *testing.T) {
	t.Parallel()
	one := `"user.delete": { "enabled": true, "transactionType": "None" }`
	checkAll(t, []faulty{
		{name: "unknown event", old: one, new: `"user.gone": { "enabled": true }`, want: `"user.gone" is no event that this stand-in sends`},
		// what caused the event would wait for its receivers, and nothing here waits
		{name: "receivers that veto", old: one, new: `"user.delete": { "enabled": true, "transactionType": "Any" }`, want: "transactionType is none of the values that this stand-in serves: None"},
		{name: "switch of the other form", old: one, new: `"user.delete": true`, want: "must be an object, not true or false"},
		{name: "misspelt switch", old: one, new: `"user.delete": { "enable": true }`, want: `has no field "enable"`},
		{name: "event beside the list", old: `"eventConfiguration": {`, new: `"eventConfiguration": { "user.delete": {},`, want: `has no field "user.delete"`},
	})
}

func TestParse_refusesBadGracePeriods(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"-1": "from 0 to 86399", "86400": "from 0 to 86399", "1.5": "from 0 to 86399", `"30"`: "must be a number, not a string",
	} {
		faulty{old: `"gracePeriodInSeconds": 30`, new: `"gracePeriodInSeconds": ` + value, want: want}.check(t)
	}
	faulty{old: `"gracePeriodInSeconds": 30`, new: `"gracePeriod": 30`, want: `has no field "gracePeriod"`}.check(t)
	text := strings.Replace(good(t), `"gracePeriodInSeconds": 30`, `"gracePeriodInSeconds": 0`, 1)
	if setup, err := parse(text, environment()); err != nil || setup.Applications[1].JWT.Grace != 0 {
		t.Errorf("a grace of 0 = %v, want none", err)
	}
}

// TestParse_eventsOfTwoRequests: a PATCH leaves alone what it does not name, and switches off what it says.
func TestParse_eventsOfTwoRequests(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good(t), `"issuer": "http://idp.test",`, `"issuer": "http://idp.test",
		"eventConfiguration": {"events": {"user.deactivate": {"enabled": true}, "user.registration.update": {"enabled": true}}},`, 1)
	setup, err := parse(text, environment())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"jwt.refresh-token.revoke", "user.delete", "user.registration.update"}
	if diff := cmp.Diff(want, setup.Tenant.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
