package revocation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"storefront/gateway/internal/revocation"
)

// count returns the metric's value by "type outcome".
func count(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "storefront_webhook_events_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			values[labels["type"]+" "+labels["outcome"]] = m.GetCounter().GetValue()
		}
	}
	return values
}

// Every message is counted, and no message makes a series of its own.
func TestMetrics(t *testing.T) {
	t.Parallel()
	g := newGateway(t, newIdentity(t, "ES256"), revocation.NewMemory())
	event := message(t, "user.deactivate", person(alice))
	before := count(t)
	g.send(t, event)
	g.send(t, event)
	g.send(t, message(t, "invented.by.somebody"))
	g.send(t, message(t, "user.registration.delete", person(alice), registration(stranger)))
	g.send(t, message(t, "user.delete", person(alice), created(revocation.MaxTokenLife)))
	g.send(t, "{}")
	g.sendSigned(t, event, "")
	after := count(t)
	for _, series := range []string{
		"user.deactivate applied", "user.deactivate duplicate", "other ignored", "user.registration.delete ignored",
		"user.delete malformed", "unread malformed", "unread unsigned",
	} {
		if after[series] < before[series]+1 {
			t.Errorf("%s: %v, was %v, want one more at least", series, after[series], before[series])
		}
	}
	types := []string{
		"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.registration.update", "user.registration.delete", "other", "unread",
	}
	outcomes := []string{"applied", "duplicate", "ignored", "unsigned", "malformed", "unavailable"}
	for series := range after {
		kind, outcome, _ := strings.Cut(series, " ")
		if !slices.Contains(types, kind) || !slices.Contains(outcomes, outcome) {
			t.Errorf("a series %q that nobody has planned", series)
		}
	}
}
