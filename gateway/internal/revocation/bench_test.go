package revocation_test

import (
	"strconv"
	"testing"
	"time"

	"storefront/gateway/internal/revocation"
	"storefront/shared/auth"
)

// full returns a list that refuses n users, none of them alice.
func full(t testing.TB, n int) *revocation.List {
	t.Helper()
	log := &brokenLog{}
	for i := range n {
		log.put(entry(strconv.Itoa(i), 0, time.Hour))
	}
	g := newGateway(t, newIdentity(t, "ES256"), log)
	g.run(t)
	return g.list
}

var caller = auth.Principal{Subject: alice, SessionID: refresh, Roles: []auth.Role{auth.Admin}}

// The question is part of every request: it must not make work for the garbage collector.
func TestList_Refuses_allocatesNothing(t *testing.T) {
	for _, n := range []int{0, 1000} {
		list := full(t, n)
		if got := testing.AllocsPerRun(1000, func() { list.Refuses(caller, noon) }); got != 0 {
			t.Errorf("%d revocations: %v allocations, want none", n, got)
		}
	}
}

func BenchmarkList_Refuses(b *testing.B) {
	for _, n := range []int{0, 1, 1000, revocation.MaxListed} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			list := full(b, n)
			b.ReportAllocs()
			for b.Loop() {
				if list.Refuses(caller, noon) {
					b.Fatal("alice is refused")
				}
			}
		})
	}
}
