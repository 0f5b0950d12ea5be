package main_test

import (
	"net/http"
	"strings"
	"testing"
)

// movesStock is the manager's journey: a deep link, the own branch, a movement with its confirmation, and the branch of somebody else.
func movesStock(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.visits("/stock/1", http.StatusOK)
	if at, err := g.tab.URL(); err != nil || !strings.HasPrefix(at, g.idp) {
		t.Fatalf("a deep link leads to %s (%v), want the login page of %s", at, err, g.idp)
	}
	g.signsIn("manager")
	g.isAt("/stock/1")
	g.reads("Harbour Street", "In stock")
	g.looks("branch")
	g.findsInTheBranch()
	g.clicks("Stock")
	g.reads("Harbour Street")
	g.looks("branches")
	g.visits("/shop/1", http.StatusOK)
	g.reads("In stock", "Harbour Street")
	g.misses("Edit this product")
	g.looks("product-staff")
	g.recordsOne("Espresso cup", "3")
	g.visits("/stock/2", http.StatusForbidden)
	g.reads("the managers of branch 2", "Sign in as somebody else")
	g.visits("/stock/2/move", http.StatusForbidden)
	g.visits("/edit/1", http.StatusForbidden)
	g.visits("/stock/77", http.StatusForbidden)
	g.visits("/stock/1", http.StatusOK)
	g.leaves("Harbour Street", "Hamburg")
}

// findsInTheBranch looks for goods by their name, and at those that run low.
func (g guest) findsInTheBranch() {
	g.t.Helper()
	g.does(g.tab.Fill("Find a product here", "kettle"))
	g.clicks("Find")
	g.reads("Gooseneck kettle")
	if g.offered("Espresso cup") {
		g.t.Error("the search for a kettle finds a cup")
	}
	g.does(g.tab.ClickFirst("Running low"))
	g.reads("Nothing like that lies here")
	g.clicks("Show everything")
	g.does(g.tab.ClickFirst("Running low"))
	g.reads("few left")
	g.looks("branch-low")
}

// recordsOne sells a product of branch 1, after a form that was refused and a change of mind.
func (g guest) recordsOne(product, quantity string) {
	g.t.Helper()
	g.visits("/stock/1/move", http.StatusOK)
	g.looks("move")
	g.does(g.tab.Choose("Product", product), g.tab.Tick("Sell to a customer"), g.tab.Fill("Quantity", "many"), g.tab.Fill("Note", "for <Ms. Ray> & co"))
	g.sends("Continue", http.StatusUnprocessableEntity)
	g.reads("Quantity: must be a whole number")
	if kept, err := g.tab.Value("Note"); err != nil || kept != "for <Ms. Ray> & co" {
		g.t.Errorf("the note is %q after a refusal (%v)", kept, err)
	}
	g.looks("move-refused")
	g.does(g.tab.Fill("Quantity", quantity))
	g.clicks("Continue")
	g.reads("Is this right?", product, "−"+quantity)
	g.looks("confirm")
	g.clicks("Change it")
	g.clicks("Continue")
	g.clicks("Record it")
	g.reads("Recorded: −"+quantity+" "+product, "for <Ms. Ray> & co")
	g.looks("branch-recorded")
}

// leaves signs out, and finds nothing of it all by the browser's back button.
func (g guest) leaves(private ...string) {
	g.t.Helper()
	g.reads(private...)
	g.clicks("Sign out")
	g.isAt("/")
	if !g.offered("Sign in") {
		g.t.Error("signing in is not offered after the sign-out")
	}
	g.does(g.tab.Back())
	g.misses(private...)
}

// movesStockWithoutScripts is the same with JavaScript off.
func movesStockWithoutScripts(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.does(g.tab.WithoutScripts())
	g.visits("/stock/1", http.StatusOK)
	g.signsIn("manager")
	g.isAt("/stock/1")
	g.visits("/stock/1/move?product=3", http.StatusOK)
	g.does(g.tab.Tick("Receive from a supplier"), g.tab.Fill("Quantity", "4"))
	g.clicks("Continue")
	g.clicks("Record it")
	g.reads("Recorded: +4 French press, 29 are here now.")
	g.leaves("French press")
}

// editsProducts is the admin's journey.
func editsProducts(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.comesIn("admin")
	g.clicks("Stock")
	g.reads("all branches", "Harbour Street")
	g.looks("branches-admin")
	g.visits("/shop/4", http.StatusOK)
	g.looks("product-admin")
	g.clicks("Edit this product")
	g.looks("edit")
	g.meetsAConflict()
	g.namesMarkup()
	g.clicks("Off sale")
	g.reads("Everything is on sale")
	g.looks("off-sale")
	g.visits("/edit/4", http.StatusOK)
	g.leaves("Article number (SKU)", "New product")
}

// meetsAConflict saves a product which another tab has saved meanwhile.
func (g guest) meetsAConflict() {
	g.t.Helper()
	other := g.anotherTab()
	other.visits("/edit/4", http.StatusOK)
	other.does(other.tab.Fill("Price", "23.50"))
	other.clicks("Save")
	other.reads("Saved.", "23.50")
	g.does(g.tab.Fill("Price", "cheap"))
	g.sends("Save", http.StatusUnprocessableEntity)
	g.reads("Price: must be an amount")
	g.looks("edit-refused")
	g.does(g.tab.Fill("Price", "21.00"), g.tab.Fill("Name", "Pour-over cone"))
	g.sends("Save", http.StatusConflict)
	g.reads("Somebody else changed this product", "23.50")
	if typed, err := g.tab.Value("Price"); err != nil || typed != "21.00" {
		g.t.Errorf("the price that was typed is %q after the conflict (%v)", typed, err)
	}
	g.looks("conflict")
	g.clicks("Save")
	g.reads("Saved.", "Pour-over cone", "21.00")
}

// namesMarkup makes a product whose name would run in a page that does not escape it.
func (g guest) namesMarkup() {
	g.t.Helper()
	const name = `<script>alert(1)</script><b>Bold</b> mug`
	g.clicks("New product")
	g.does(g.tab.Fill("Name", name), g.tab.Fill("Description", `"><img src=x onerror=alert(1)>`), g.tab.Fill("Price", "7.00"))
	g.does(g.tab.Fill("Category", "kitchen"), g.tab.Fill("Article number", "MUG-0001"))
	g.clicks("Save")
	g.reads("Saved.", name, `"><img src=x onerror=alert(1)>`)
	g.looks("product-markup")
	g.visits("/?q=bold", http.StatusOK)
	g.reads(name)
}
