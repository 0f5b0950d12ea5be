package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth/authtest"
	"storefront/shared/database/databasetest"
)

// What the test does: so many movements by so many clients, and the program is killed so many times meanwhile.
const (
	movements = 10_000
	clients   = 8
	kills     = 20
)

// The program is killed in the middle of movements, again and again. Clients send again what was not acknowledged. In the end everything
// that was acknowledged has happened, everything happened once, nothing else happened, and stock is what the ledger says.
func TestKilledInTheMiddleOfMovements(t *testing.T) {
	if testing.Short() {
		t.Skip("kills the program for about a minute")
	}
	t.Parallel()
	program := filepath.Join(t.TempDir(), "inventory")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for name, url := range databasetest.URLs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := authtest.New(t, "HS256")
			r := newTrial(program, iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}}),
				"JWT_SIGNING_KEY="+iss.Users.Secret(), "DATABASE_URL="+string(url), "SEED_DEMO=true", "ADDR=127.0.0.1:0")
			r.start(t)
			before := r.ledger(t)
			began := time.Now()
			r.killAgainAndAgain(t)
			took := time.Since(began)
			r.compare(t, before, r.ledger(t))
			t.Logf("%d kills in %.1f s: %d movements acknowledged, %d refused; of %d requests that were cut off %d had moved already",
				kills, took.Seconds(), len(r.acknowledged), r.refused, r.cut, r.late)
			r.kill(t)
		})
	}
}

// killAgainAndAgain lets clients work until there are enough movements, and kills the program at even distances.
func (r *trial) killAgainAndAgain(t testing.TB) {
	t.Helper()
	enough, done := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	for n := range clients {
		group.Go(func() { r.work(t, n, enough, done) })
	}
	killed := 0
	for count := 1; count <= movements; count++ {
		<-done
		if killed < kills && count%(movements/kills) == movements/kills/2 {
			r.kill(t)
			r.start(t)
			killed++
		}
	}
	close(enough)
	go func() {
		for range done { // clients finish what they have begun
		}
	}()
	group.Wait()
	close(done)
	if killed != kills {
		t.Errorf("killed %d times", killed)
	}
}

// work makes movements, and tells of each that was acknowledged, until there are enough.
func (r *trial) work(t testing.TB, client int, enough <-chan struct{}, done chan<- struct{}) {
	for n := 0; ; n++ {
		select {
		case <-enough:
			return
		default:
		}
		if r.insist(t, rand.Int64N(3)+1, anyOrder(), fmt.Sprintf("client-%d-%d", client, n)) {
			done <- struct{}{}
		}
	}
}

// anyOrder is one of few products, so that clients meet.
func anyOrder() stock.Order {
	o := stock.Order{Kind: stock.Sell, ProductID: rand.Int64N(10) + 1, Quantity: rand.Int64N(3) + 1, Note: "kill -9"}
	switch n := rand.IntN(10); {
	case n < 4:
		o.Kind = stock.Receive
	case n == 4:
		o.Kind, o.Quantity = stock.Adjust, -1
	case n < 7:
		o.Kind, o.ToBranch = stock.Transfer, rand.Int64N(2)+4
	}
	return o
}

// compare holds what was acknowledged against the ledger, and the ledger against the stock.
func (r *trial) compare(t testing.TB, before, after map[int64]stock.Movement) {
	t.Helper()
	lines, seen := len(before), map[int64]bool{}
	for _, m := range r.acknowledged {
		if after[m.ID] != m {
			t.Errorf("lost: acknowledged %+v, the ledger has %+v", m, after[m.ID])
		}
		if seen[m.ID] {
			t.Errorf("acknowledged for two requests: %+v", m)
		}
		seen[m.ID] = true
		if lines++; m.Kind == stock.Transfer {
			lines++ // in the other branch
		}
	}
	if lines != len(after) {
		t.Errorf("doubled or left over: the ledger has %d lines, and %d were acknowledged", len(after), lines)
	}
	sums := map[[2]int64]int64{}
	for _, m := range after {
		sums[[2]int64{m.BranchID, m.ProductID}] += m.Change
	}
	for branch := range int64(5) {
		var shelf struct{ Products []stock.Level }
		r.get(t, fmt.Sprintf("/branches/%d/products", branch+1), &shelf)
		for _, l := range shelf.Products {
			at := [2]int64{branch + 1, l.ProductID}
			if sums[at] != l.Quantity || l.Quantity < 0 {
				t.Errorf("branch %d has %d of product %d, the ledger %d", branch+1, l.Quantity, l.ProductID, sums[at])
			}
			delete(sums, at)
		}
	}
	if len(sums) != 0 {
		t.Errorf("stock lacks %v", sums)
	}
}
