package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// looksAround is everybody's journey: browse, search, filter, page, look closely, and meet the pages for what cannot be.
func looksAround(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.visits("/", http.StatusOK)
	g.reads("Espresso cup", "Sign in")
	g.misses("Sign out", "New product")
	if g.offered("Stock") {
		t.Error("stock is offered to everybody")
	}
	g.looks("home")
	g.clicks("More products")
	g.misses("Espresso cup")
	g.clicks("First page")
	g.clicks("office")
	g.reads("Desk lamp")
	g.misses("Espresso cup")
	g.clicks("Everything")
	g.does(g.tab.Fill("Search the shop", "cup"), g.tab.Choose("Sort by", "Price"))
	g.clicks("Show")
	g.reads("Products for “cup”", "Espresso cup")
	g.misses("Desk lamp")
	g.looks("search")
	g.does(g.tab.Fill("Search the shop", "no such thing <b>"))
	g.clicks("Show")
	g.reads("Nothing like that here", "no such thing <b>")
	g.looks("search-empty")
	g.clicks("Show all products")
	g.clicks("Espresso cup")
	g.isAt("/shop/1")
	g.reads("KIT-0001", "A thick-walled porcelain cup")
	g.misses("In stock", "Edit this product")
	g.looks("product")
	g.visits("/shop/9999", http.StatusNotFound)
	g.reads("We cannot find this", "Search the shop", "request")
	g.looks("404")
	g.visits("/shop/first", http.StatusBadRequest)
	g.looks("400")
	meetsTheEnds(g)
}

// meetsTheEnds asks for too much.
func meetsTheEnds(g guest) {
	g.visits("/?q="+strings.Repeat("x", 2100), http.StatusRequestURITooLong)
	g.reads("This address is too long", "request")
	g.looks("414")
	for i := range 6 {
		g.does(g.tab.SetCookie(g.shop, fmt.Sprint("fat", i), strings.Repeat("x", 3500)))
	}
	g.visits("/", http.StatusRequestHeaderFieldsTooLarge)
	g.reads("Your browser sends too much along", "Delete the cookies", "request")
	g.looks("431")
	g.does(g.tab.DropCookies())
	g.clicks("Try again")
	g.reads("Espresso cup")
}

// usesTheKeyboard comes by Tab to everything, and sees where it is at every stop.
func usesTheKeyboard(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.visits("/", http.StatusOK)
	g.tabsTo("Skip to the content")
	g.does(g.tab.Press("\r"), g.tab.Press("\t"))
	if stop, err := g.tab.Focus(); err != nil || stop.Name != "Search the shop" {
		t.Errorf("after the skip link, Tab leads to %+v (%v), want the search", stop, err)
	}
	g.visits("/", http.StatusOK)
	g.tabsTo("Skip to the content", "Sign in", "Search the shop", "Sort by", "Show", "Everything", "Espresso cup", "More products")
	g.visits("/login?return_to=/stock/1", http.StatusOK)
	person := use(t).person("manager")
	g.does(g.tab.Fill("Email", "")) // where a person begins
	g.does(g.tab.Press(person.Email + "\t" + person.Password))
	g.tabsTo("Sign in")
	g.does(g.tab.Enter())
	g.isAt("/stock/1")
	g.visits("/stock/1/move", http.StatusOK)
	g.tabsTo("Receive from a supplier", "Product", "Quantity", "Note", "Continue", "Cancel")
}

// tabsTo presses Tab until all the stops were met, in that order. At each, and between, the focus must be seen.
func (g guest) tabsTo(stops ...string) {
	g.t.Helper()
	const most = 80
	var met []string
	for range most {
		if len(stops) == 0 {
			return
		}
		g.does(g.tab.Press("\t"))
		stop, err := g.tab.Focus()
		g.does(err)
		if stop.Name == "" {
			break
		}
		met = append(met, stop.Name)
		if stop.Outline < 2 || !stop.Inside {
			g.t.Errorf("the focus on %q cannot be seen: %+v", stop.Name, stop)
		}
		if strings.HasPrefix(stop.Name, stops[0]) {
			stops = stops[1:]
		}
	}
	if len(stops) > 0 {
		g.t.Errorf("Tab does not come to %q; it came to %q", stops, met)
	}
}

// readsAll looks at the pages for readers: the API, and the tokens.
func readsAll(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.visits("/login?return_to=/edit/1", http.StatusOK)
	g.looks("login")
	g.does(g.tab.Fill("Email", "admin@example.com"), g.tab.Fill("Password", "wrong"))
	g.clicks("Sign in")
	g.reads("Invalid login credentials", "not FusionAuth")
	g.looks("login-refused")
	g.signsIn("admin")
	g.isAt("/edit/1")
	g.visits("/docs", http.StatusOK)
	g.reads("Sign out", "POST /products")
	g.looks("docs")
	g.visits("/stock/1", http.StatusOK)
	g.clicks("The tokens behind this page")
	g.reads("Show me the tokens", "gateway → inventory", "GET /branches/1/products", `["admin"]`, "what its bearer may do", "applicationId")
	g.looks("explain")
	g.visits("/", http.StatusOK)
	g.clicks("The tokens behind this page")
	g.reads("gateway → catalog", `"gateway+jwt"`, "the one request that it is for", "is cut off")
	g.clicks("All of the last requests")
	g.looks("explain-all")
	g.does(g.tab.Visit(g.idp + "/oauth2/authorize?client_id=unknown"))
	g.looks("login-error")
	g.does(g.tab.Visit(g.idp + "/"))
	g.looks("login-home")
}
