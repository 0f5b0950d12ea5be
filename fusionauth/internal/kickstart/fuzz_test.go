package kickstart_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"storefront/fusionauth/internal/kickstart"
)

// FuzzParse: whatever the file holds, Parse does not panic, names a line in the file for every fault, and what it accepts is
// whole: every id a UUID, every reference leading somewhere.
func FuzzParse(f *testing.F) {
	f.Add(good(f))
	if shipped, err := os.ReadFile(shippedPath); err == nil {
		f.Add(string(shipped))
	}
	f.Add(`{"variables":{"a":"#{ENV.SECRET}\\#{"},"apiKeys":[{"key":"#{a}"}],"requests":["&{kickstart.json}",{"method":"POST","url":"/"}]}`)
	f.Add("{\"a\":\n[1e9,null,{\"a\":{},\"a\":\"@{kickstart.json}\"}]}")
	f.Fuzz(func(t *testing.T, text string) {
		setup, err := parse(text, environment())
		if err != nil {
			checkFaults(t, err, 1+strings.Count(text, "\n"))
			return
		}
		checkWhole(t, setup)
	})
}

func checkFaults(t *testing.T, err error, lines int) {
	faults, ok := err.(kickstart.Faults) //nolint:errorlint // Parse promises this very type
	if !ok || len(faults) == 0 {
		t.Fatalf("Parse = %T, want Faults", err)
	}
	for _, f := range faults {
		if f.File == "kickstart.json" && (f.Line < 1 || f.Line > lines) || f.Text == "" {
			t.Errorf("fault %+v in a file of %d lines", f, lines)
		}
	}
}

func checkWhole(t *testing.T, setup kickstart.Setup) {
	ids := map[string]bool{kickstart.ShadowSHA256: true, kickstart.ShadowSHA384: true, kickstart.ShadowSHA512: true}
	add := func(id string) {
		if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id || ids[id] {
			t.Errorf("id %q is no UUID of its own", id)
		}
		ids[id] = true
	}
	add(setup.Tenant.ID)
	for _, key := range setup.Keys {
		add(key.ID)
	}
	for _, app := range setup.Applications {
		if !ids[app.JWT.AccessTokenKeyID] || !ids[app.JWT.IDTokenKeyID] {
			t.Errorf("application %s signs with keys that are not there", app.ID)
		}
	}
	for _, hook := range setup.Webhooks {
		if hook.SigningKeyID != "" && !ids[hook.SigningKeyID] || hook.URL == "" || hook.ConnectTimeout <= 0 || hook.ReadTimeout <= 0 {
			t.Errorf("webhook %+v cannot be served", hook)
		}
		add(hook.ID)
	}
	applications := map[string]bool{}
	for _, app := range setup.Applications {
		applications[app.ID] = true
	}
	for _, user := range setup.Users {
		for _, r := range user.Registrations {
			if !applications[r.ApplicationID] {
				t.Errorf("user %s is registered with an application that is not there", user.ID)
			}
		}
	}
	if len(setup.APIKeys) == 0 || setup.APIKeys[0].Endpoints != nil {
		t.Error("no unrestricted API key comes first")
	}
}
