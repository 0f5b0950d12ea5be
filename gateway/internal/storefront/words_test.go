package storefront_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"storefront/shared/problem"
	"storefront/shared/server"
)

// Whatever goes wrong is said in people's words, with what they can do; the status and the request id stand beside for whoever is asked.
func TestWords(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for status, want := range map[int]struct {
		heading string
		detail  bool // what the problem says of itself helps
		leads   string
	}{
		400: {"This is not an address of the shop", true, "/"},
		401: {"Please sign in first", false, "/login?return_to=%2Fproblem%2F401"},
		403: {"This came from somewhere else", true, "/"},
		404: {"We cannot find this", true, "/"},
		405: {"This cannot be done here", false, "/"},
		409: {"Somebody was faster", true, "/"},
		413: {"This is too much at once", false, "/"},
		414: {"This address is too long", false, "/"},
		418: {"I'm a teapot", true, "/"}, // one that nobody has thought of
		429: {"One moment, please", false, "/problem/429"},
		431: {"Your browser sends too much along", false, "/problem/431"},
		500: {"Something broke on our side", false, "/problem/500"},
		502: {"The shop is catching its breath", true, "/problem/502"},
		503: {"The shop is catching its breath", true, "/problem/503"},
		504: {"The shop is catching its breath", true, "/problem/504"},
	} {
		p := s.get(t, "", fmt.Sprint("/problem/", status))
		if p.StatusCode != status || p.heading() != want.heading || !p.leadsTo(want.leads) || !p.leadsTo("/") {
			t.Errorf("%d = %d %q, leads to %v", status, p.StatusCode, p.heading(), p.links())
		}
		code := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "-")
		for _, seen := range []string{fmt.Sprint(status, " ", http.StatusText(status)), code + ", request " + p.Header.Get("X-Request-Id")} {
			if !strings.Contains(p.text(), seen) {
				t.Errorf("%d does not say %q: %s", status, seen, p.text())
			}
		}
		if strings.Contains(p.text(), "<i>The detail.</i>") != want.detail {
			t.Errorf("%d: the detail is told = %t: %s", status, !want.detail, p.text())
		}
		checkLandmarks(t, p)
	}
}

// A missing role is told of with those that the visitor has, and whom the page is for.
func TestWords_ofAMissingRole(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, tt := range []struct{ as, target, heading, says string }{
		{"customer", "/edit/1", "This page is for admins", "You are customer; this needs admin."},
		{"branch-manager", "/edit/new", "This page is for admins", "You are branch-manager; this needs admin."},
		{"customer", "/stock", "This page is for admins and branch managers", "You are customer; this needs admin or branch-manager."},
		{"customer", "/branches/5/products", "This page is for admins and the managers of branch 5", "You are customer; this needs admin or branch-manager of branch 5. Ask an admin for the role, which counts from your next sign-in on"},
		{"customer", "/products/5/stock", "This page is for admins and branch managers", "You are customer; this needs admin or branch-manager. Ask an admin for the role"},
		{"branch-manager", "/branches/5/products", "This page is for admins and the managers of branch 5", "You are branch-manager; this needs admin or branch-manager of branch 5. An admin can give you the branch, which counts at once"},
		{"nothing", "/stock/7/move", "This page is for admins and the managers of branch 7", "You are signed in without a role; this needs admin or branch-manager of branch 7."},
	} {
		p := s.get(t, tt.as, tt.target)
		if p.StatusCode != http.StatusForbidden || p.heading() != tt.heading || !strings.Contains(p.text(), tt.says) {
			t.Errorf("%s for %s = %d %s", tt.target, tt.as, p.StatusCode, p.text())
		}
		if !p.leadsTo("/login?prompt=login") || !p.leadsTo("/account") {
			t.Errorf("%s for %s leads to %v", tt.target, tt.as, p.links())
		}
	}
}

// A sign-in that fails is told of as one, and trying again begins another: the code in the address is spent.
func TestWords_ofAFailedSignIn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, tt := range []struct {
		status        int
		slug, heading string
	}{
		{400, "login-refused", "Signing in was not completed"},
		{502, "login-untrusted", "Signing in did not work"},
		{503, "identity-unavailable", "Nobody can sign in right now"},
		{503, "session-unavailable", "The shop is catching its breath"},
		{429, "too-many-requests", "One moment, please"},
	} {
		target := fmt.Sprintf("/oauth-redirect?status=%d&slug=%s&code=spent", tt.status, tt.slug)
		p := s.get(t, "", target)
		if p.StatusCode != tt.status || p.heading() != tt.heading || !strings.Contains(p.text(), tt.slug+", request ") {
			t.Errorf("%s = %d %s", target, p.StatusCode, p.text())
		}
		if !p.leadsTo("/login") || strings.Contains(p.body, "spent&") || p.leadsTo(target) {
			t.Errorf("%s leads to %v, want a new sign-in", target, p.links())
		}
	}
}

// What is refused before anybody looks who is there has a page too, which does not pretend that nobody is signed in.
func TestProblems_beforeTheSession(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	long := "/?q=" + strings.Repeat("x", server.MaxTarget)
	for name, tt := range map[string]struct {
		target string
		header []string
		status int
	}{
		"a long address": {long, nil, http.StatusRequestURITooLong},
		"a fat header":   {"/account", []string{"Cookie", strings.Repeat("x", 20<<10)}, http.StatusRequestHeaderFieldsTooLarge},
		"an odd path":    {"/shop//1", nil, http.StatusBadRequest},
	} {
		p := s.get(t, "unknown", tt.target, tt.header...)
		if p.StatusCode != tt.status || !p.leadsTo("/account") || p.leadsTo("/login") || p.leadsTo("/logout") {
			t.Errorf("%s = %d %s, leads to %v", name, p.StatusCode, p.heading(), p.links())
		}
		checkLandmarks(t, p)
		program := s.get(t, "unknown", tt.target, append(tt.header, "Accept", "application/json")...)
		if program.StatusCode != tt.status || program.Header.Get("Content-Type") != problem.ContentType {
			t.Errorf("%s for a program = %d %s", name, program.StatusCode, program.Header.Get("Content-Type"))
		}
	}
	for _, p := range []page{s.get(t, "", long), s.get(t, "", "/problem/404?"+strings.Repeat("%C3%A9", 300))} {
		for _, link := range p.links() {
			if len(link) > server.MaxTarget {
				t.Errorf("%d leads to an address of %d bytes, which is refused in turn", p.StatusCode, len(link))
			}
		}
	}
}

// A browser that sends too much sends it along for the stylesheet too: that page brings its style, and its policy lets in that text alone.
func TestProblems_pageThatCanLoadNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.get(t, "unknown", "/", "Cookie", strings.Repeat("x", 20<<10))
	styles := p.all("style")
	if len(styles) != 1 || styles[0].FirstChild == nil {
		t.Fatalf("the page has %d styles of its own", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0].FirstChild.Data))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
	if policy := p.Header.Get("Content-Security-Policy"); !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
		t.Errorf("policy = %s, want %s", policy, want)
	}
	for _, link := range p.all("link") {
		if attr(link, "rel") == "stylesheet" {
			t.Errorf("the page loads %s", attr(link, "href"))
		}
	}
	if other := s.get(t, "", "/nothing"); len(other.all("style")) > 0 || !strings.Contains(other.Header.Get("Content-Security-Policy"), "style-src 'self';") {
		t.Error("other pages bring a style of their own")
	}
}
