package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// staysCustomer is the journey of somebody without a role for more: refused kindly, and in charge of the own sessions.
func staysCustomer(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	g.comesIn("customer")
	for _, name := range []string{"Stock", "New product"} {
		if g.offered(name) {
			t.Errorf("%s is offered to a customer", name)
		}
	}
	g.visits("/stock/1", http.StatusForbidden)
	g.reads("This page is for admins and the managers of branch 1", "You are customer; this needs admin or branch-manager of branch 1", "See your account", "request")
	g.looks("403")
	g.visits("/login?return_to=/account&strayed=2", http.StatusTooManyRequests)
	g.looks("loop")
	isAskedBeforeALinkSignsOut(t, g)
	endsSessions(t, g, arrive)
	becomesSomebodyElse(g)
}

// isAskedBeforeALinkSignsOut follows a link from another site, which may only ask.
func isAskedBeforeALinkSignsOut(t *testing.T, g guest) {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Elsewhere</title><a href="%s/logout">Free coffee</a>`, g.shop)
	}))
	defer elsewhere.Close()
	g.does(g.tab.Visit(elsewhere.URL))
	g.clicks("Free coffee")
	g.looks("sign-out")
	g.visits("/account", http.StatusOK)
}

// endsSessions ends another browser's session, and then all of them.
func endsSessions(t *testing.T, g guest, arrive func(*testing.T) guest) {
	t.Helper()
	g.visits("/account", http.StatusOK)
	g.reads("customer@example.com", "this is your only session")
	other := arrive(t)
	other.comesIn("customer")
	g.visits("/account", http.StatusOK)
	g.reads("Another browser")
	g.looks("account")
	g.does(g.tab.ClickFirst("End the session since"))
	g.isAt("/account")
	g.reads("this is your only session")
	other.visits("/", http.StatusOK)
	if !other.offered("Sign in") {
		t.Error("the session that was ended from elsewhere still goes on")
	}
	other.clicks("Sign in")
	if other.offered("Sign in") {
		other.signsIn("customer")
	}
	g.visits("/account", http.StatusOK)
	g.clicks("Sign out everywhere")
	for _, who := range []guest{g, other} {
		who.visits("/", http.StatusOK)
		if !who.offered("Sign in") {
			t.Error("a session goes on after the sign-out everywhere")
		}
	}
}

// becomesSomebodyElse leaves one person for another in the same window.
func becomesSomebodyElse(g guest) {
	g.t.Helper()
	g.visits("/", http.StatusOK)
	g.clicks("Sign in")
	g.signsIn("customer")
	g.visits("/account", http.StatusOK)
	g.clicks("Sign in as someone else")
	g.signsIn("manager")
	g.visits("/account", http.StatusOK)
	g.reads("manager@example.com", "branch-manager")
	g.misses("customer@example.com")
}

// losesTheSession is the journey of somebody who types while the session ends, and of two tabs that sign in at the same time.
func losesTheSession(t *testing.T, arrive func(*testing.T) guest) {
	g := arrive(t)
	first, second := g, g.anotherTab()
	first.visits("/login?return_to=/stock/1", http.StatusOK)
	second.visits("/login?return_to=/account", http.StatusOK)
	second.signsIn("manager")
	second.isAt("/account")
	first.signsIn("manager")
	first.isAt("/stock/1")

	g.visits("/stock/1/move?product=5", http.StatusOK)
	g.does(g.tab.Tick("Correct after counting"), g.tab.Fill("Quantity", "-1"), g.tab.Fill("Note", "one is chipped"))
	g.does(g.tab.DropCookies())
	g.sends("Continue", http.StatusUnauthorized)
	g.reads("Your session has ended", "Correct after counting", "Gooseneck kettle", "−1", "one is chipped", "request")
	g.looks("kept")
	tab, err := g.tab.ClickToTab("Sign in (opens in a new tab)")
	g.does(err)
	login := g
	login.tab = tab
	login.signsIn("manager")
	login.isAt("/signed-in")
	login.reads("You are signed in")
	login.looks("signed-in")
	g.clicks("Send it again")
	g.reads("Is this right?", "Gooseneck kettle", "one is chipped", "−1")
	g.clicks("Record it")
	g.reads("Recorded: −1 Gooseneck kettle, 9 are here now.")
}
